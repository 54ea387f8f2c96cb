"""Small models of many families, as exporters meet them: with what they fold, unroll, repeat and write twice."""

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 5


class Mobile(nn.Module):
    """Depthwise, squeeze and excitation, hard activations."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.squeeze, self.excite = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.classifier = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = F.hardswish(self.depthwise(F.relu6(self.stem(x))))
        x = x * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return self.classifier(x.mean((2, 3)))


class TwoOutputs(nn.Module):
    """A skip, a transposed convolution, a resize by a scale that is no whole number."""

    def __init__(self):
        super().__init__()
        self.down, self.deep = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1)
        self.up = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, bias=False)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        first = F.relu(self.down(x))
        second = F.relu(self.deep(first))
        larger = F.interpolate(second, scale_factor=1.4, mode="bilinear")
        return self.last(torch.cat([first, self.up(second)], 1)), larger


class Attention(nn.Module):
    """A transformer on patches, with a class token that every image gets."""

    def __init__(self, width=16, heads=2):
        super().__init__()
        self.heads = heads
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.places = nn.Parameter(torch.empty(1, 5, width))
        self.norm, self.qkv, self.project = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mixed = nn.MultiheadAttention(width, heads, batch_first=True)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        batch, tokens, width = x.shape
        split = self.qkv(self.norm(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.project(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return self.classifier((x + self.mixed(x, x, x)[0])[:, 0])


class Windows(nn.Module):
    """Windows that are shifted, with a mask, and biases gathered from a table of relative positions."""

    def __init__(self, width=8, window=4, heads=2):
        super().__init__()
        self.window, self.heads = window, heads
        self.patches, self.qkv = nn.Conv2d(3, width, 2, 2), nn.Linear(width, 3 * width)
        self.table = nn.Parameter(torch.empty((2 * window - 1) ** 2, heads))
        place = torch.arange(window)
        grid = torch.stack(torch.meshgrid(place, place, indexing="ij")).flatten(1)
        apart = grid[:, :, None] - grid[:, None] + window - 1
        self.register_buffer("index", apart[0] * (2 * window - 1) + apart[1])
        mask = torch.zeros(4, window**2, window**2)
        mask[1:, :8, 8:] = -100
        self.register_buffer("mask", mask)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, x):
        x = torch.roll(self.patches(x).permute(0, 2, 3, 1), (-2, -2), (1, 2))
        batch, height, width, channels = x.shape
        side, heads = self.window, self.heads
        parts = x.view(batch, height // side, side, width // side, side, channels)
        parts = parts.permute(0, 1, 3, 2, 4, 5).reshape(-1, side * side, channels)
        split = self.qkv(parts).reshape(-1, side * side, 3, heads, channels // heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index.view(-1)].view(side * side, side * side, heads).permute(2, 0, 1)
        scores = query @ key.transpose(-2, -1) + bias.unsqueeze(0)
        scores = scores.view(-1, len(self.mask), heads, side * side, side * side) + self.mask[:, None][None]
        scores = scores.view(-1, heads, side * side, side * side).softmax(-1)
        parts = (scores @ value).transpose(1, 2).reshape(-1, side * side, channels)
        parts = parts.view(batch, height // side, width // side, side, side, channels)
        return self.classifier(parts.permute(0, 1, 3, 2, 4, 5).reshape(batch, height, width, channels).mean((1, 2)))


class Recurrent(nn.Module):
    """A recurrent layer and its last state."""

    def __init__(self, kind, **settings):
        super().__init__()
        self.layer, self.classifier = kind(8, 6, **settings), nn.Linear(6, CLASSES)

    def forward(self, x):
        states = self.layer(x)[1]
        return self.classifier((states[0] if isinstance(states, tuple) else states)[-1])


class Words(nn.Module):
    """Words, trained positions, an encoder, and the table of words again as the last layer."""

    def __init__(self, width=12):
        super().__init__()
        self.embedding, self.head = nn.Embedding(20, width), nn.Linear(width, 20, bias=False)
        self.head.weight = self.embedding.weight
        self.places = nn.Parameter(torch.empty(1, 7, width))
        layer = nn.TransformerEncoderLayer(width, 2, 16, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, words):
        return self.head(self.encoder(self.embedding(words) + self.places))


class ChannelsLast(nn.Module):
    """Large depthwise kernels, norms of the last side, scales of layers."""

    def __init__(self, width=8):
        super().__init__()
        self.patches, self.depthwise = nn.Conv2d(3, width, 4, 4), nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm, self.wide, self.narrow = nn.LayerNorm(width), nn.Linear(width, 32), nn.Linear(32, width)
        self.scale = nn.Parameter(torch.empty(width))

    def forward(self, x):
        first = self.patches(x)
        x = self.narrow(F.gelu(self.wide(self.norm(self.depthwise(first).permute(0, 2, 3, 1)))))
        return first + (self.scale * x).permute(0, 3, 1, 2)


class Norms(nn.Module):
    """Norms of every kind, one of them without weights, and activations with weights."""

    def __init__(self):
        super().__init__()
        self.plain, self.instance, self.group = (
            nn.InstanceNorm2d(3),
            nn.InstanceNorm2d(8, affine=True),
            nn.GroupNorm(2, 8),
        )
        self.conv, self.slope = nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8)
        self.last = nn.Conv2d(4, 12, 3, padding="same")

    def forward(self, x):
        x = self.instance(self.group(self.slope(self.conv(self.plain(x)))))
        return F.pixel_shuffle(self.last(F.glu(x, 1)), 2)


class Rooted(nn.Module):
    """A norm by the root of the mean square, written out, with weights that come before the first layer."""

    def __init__(self):
        super().__init__()
        self.weight, self.layer = nn.Parameter(torch.empty(8)), nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.layer(x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight)


class Anchors(nn.Module):
    """A detection head: a grid, anchors and strides that nobody trained."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2 * 7, 8, 8)
        self.register_buffer("anchors", torch.tensor([[10.0, 13.0], [16.0, 30.0]]).view(1, 2, 1, 1, 2))

    def forward(self, x):
        x = self.conv(x)
        batch, _, height, width = x.shape
        x = x.view(batch, 2, 7, height, width).permute(0, 1, 3, 4, 2).sigmoid()
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack((columns, rows), 2).view(1, 1, height, width, 2).float()
        places = (x[..., :2] * 2 - 0.5 + grid) * 8
        return torch.cat((places, (x[..., 2:4] * 2) ** 2 * self.anchors, x[..., 4:]), -1).view(batch, -1, 7)


class TwoTowers(nn.Module):
    """An image and a text, of which the row at the last word is taken, image by image."""

    def __init__(self):
        super().__init__()
        self.vision, self.words, self.text = nn.Conv2d(3, 8, 8, 8), nn.Embedding(20, 8), nn.Linear(8, 8)

    def forward(self, image, text):
        seen = self.vision(image).mean((2, 3))
        read = self.text(self.words(text))[torch.arange(text.shape[0]), text.argmax(-1)]
        return (seen * read).sum(-1)


class Points(nn.Module):
    """Points in space, turned by a matrix that they give themselves."""

    def __init__(self):
        super().__init__()
        self.seen, self.turn, self.last = nn.Conv1d(3, 8, 1), nn.Linear(8, 9), nn.Conv1d(3, 4, 1)

    def forward(self, x):
        turn = self.turn(self.seen(x).max(-1)[0]).view(-1, 3, 3) + torch.eye(3)
        return self.last((x.transpose(1, 2) @ turn).transpose(1, 2)).max(-1)[0]


class Mixed(nn.Module):
    """Products of tokens with tokens, by a transposition and by a sum over letters; volumes."""

    def __init__(self):
        super().__init__()
        self.volume, self.tokens = nn.Conv3d(1, 4, 3), nn.Linear(8, 6)
        self.weights = nn.Parameter(torch.empty(6, CLASSES))

    def forward(self, x):
        x = F.gelu(self.tokens(F.relu(self.volume(x)).mean(-1).flatten(2)[:, :, :8]))
        return torch.einsum("bct,ck->bk", x.transpose(1, 2), self.weights)


def image(batch, side=16):
    return (torch.rand(batch, 3, side, side),)


def words(batch):
    return (torch.zeros(batch, 7, dtype=torch.long),)


FAMILIES = {
    "mobile": (Mobile, image),
    "two outputs": (TwoOutputs, lambda batch: image(batch, 10)),
    "attention": (Attention, image),
    "windows": (Windows, image),
    "LSTM": (lambda: Recurrent(nn.LSTM, batch_first=True), lambda batch: (torch.rand(batch, 7, 8),)),
    "GRU, steps first": (lambda: Recurrent(nn.GRU, bidirectional=True), lambda batch: (torch.rand(7, batch, 8),)),
    "words": (Words, words),
    "channels last": (ChannelsLast, image),
    "norms": (Norms, image),
    "rooted": (Rooted, lambda batch: (torch.rand(batch, 7, 8),)),
    "anchors": (Anchors, image),
    "two towers": (TwoTowers, lambda batch: (*image(batch), *words(batch))),
    "points": (Points, lambda batch: (torch.rand(batch, 3, 20),)),
    "mixed": (Mixed, lambda batch: (torch.rand(batch, 1, 6, 6, 6),)),
}


def trained(build):
    """A model with weights as training leaves them: no two alike, which an exporter would write once."""
    draw = torch.Generator().manual_seed(0)
    model = build().eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(generator=draw)
    return model
