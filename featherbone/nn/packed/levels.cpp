// Levels of weights, coded with adaptive probabilities. What is computed here, and why, is written down in
// featherbone/nn/packed/twin.py and the files beside it, which compute the same integers: change neither alone.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::uint32_t;
using std::uint8_t;

constexpr int BLOCK = 64;        // rows whose probabilities are found together
constexpr int CONTEXTS = 5;      // that vote on each decision
constexpr int INPUTS = CONTEXTS + 1;
constexpr int KINDS = 48;        // of decisions
constexpr int SLOTS = 2048;      // of a context, for one kind
constexpr int SETS = 16;         // of weights of a mixer, for one kind
constexpr int MOST_BITS = 15;    // of a level's magnitude
constexpr int LIMIT = 1023;      // decisions that a slot remembers
constexpr int RATE = 5;          // of learning of the mixers
constexpr int ONE = 1 << 16;
constexpr int START = 17000;     // of a mixer's weights
constexpr int BIAS = 256;
constexpr int WIDEST_TAP = 48, LAYERS = 64;

struct Tables {
    const int32_t *stretch, *squash;
    const uint8_t *bins;

    int bin(int64_t value, int most) const {
        const int found = bins[std::min<int64_t>(value, ONE - 1)];
        return std::min(found, most);
    }
};

// What the arithmetic coder has in hand. A byte is written as soon as both ends of the interval agree on it.
struct Interval {
    uint32_t low = 0, high = 0xffffffffu, code = 0;
    const uint8_t *source = nullptr, *end = nullptr;
    std::vector<uint8_t> *target = nullptr;

    uint32_t next() { return source < end ? *source++ : 0; }

    void start() {
        for (int i = 0; i < 4; ++i) code = code << 8 | next();
    }

    int code_bit(int bit, int32_t probability) {
        const uint32_t range = high - low;
        const uint32_t middle =
            low + (range >> 16) * uint32_t(probability) + (((range & 0xffff) * uint32_t(probability)) >> 16);
        if (!target) bit = code <= middle;
        if (bit) high = middle; else low = middle + 1;
        while (!((low ^ high) & 0xff000000u)) {
            if (target) target->push_back(high >> 24); else code = code << 8 | next();
            low <<= 8;
            high = high << 8 | 255;
        }
        return bit;
    }

    // The shortest bytes of the interval; whoever reads past the end reads zeros.
    void finish() {
        if (low == 0) return;
        for (int bytes = 1; bytes <= 4; ++bytes) {
            const int shift = 32 - 8 * bytes;
            const uint32_t mask = shift ? (1u << shift) - 1 : 0;
            const uint32_t value = (low + mask) & ~mask;
            if (value >= low && value <= high) {
                for (int i = 0; i < bytes; ++i) target->push_back(value >> (24 - 8 * i));
                return;
            }
        }
    }
};

struct Slot {
    int32_t probability = ONE / 2, seen = 0, hits = 0, ones = 0;
};

struct View {
    int slots[CONTEXTS];
    int sets[2];
};

struct Learned {
    std::vector<Slot> slots;
    std::vector<int32_t> weights[2];

    Learned() : slots(size_t(CONTEXTS) * KINDS * SLOTS) {
        for (auto &each : weights) each.assign(size_t(KINDS) * SETS * INPUTS, START);
    }

    Slot &slot(int context, int kind, const View &view) {
        return slots[(size_t(context) * KINDS + kind) * SLOTS + view.slots[context]];
    }

    int32_t *set(int mixer, int kind, const View &view) {
        return &weights[mixer][(size_t(kind) * SETS + view.sets[mixer]) * INPUTS];
    }
};

struct Coder {
    Tables tables;
    Interval interval;
    Learned learned;

    int32_t squashed(int64_t sum) const { return tables.squash[std::clamp<int64_t>(sum, -2047, 2047) + 2048]; }

    // One decision of one kind for some rows of a block: probabilities of all first, then the bits, then learning.
    void decide(int kind, const std::vector<int> &rows, std::vector<int> &bits, const View *views) {
        const int count = int(rows.size());
        if (!count) return;
        int64_t inputs[BLOCK][INPUTS], errors[2][BLOCK];
        int32_t probabilities[BLOCK];
        int64_t votes[2][BLOCK];
        for (int at = 0; at < count; ++at) {
            const View &view = views[rows[at]];
            for (int each = 0; each < CONTEXTS; ++each)
                inputs[at][each] = tables.stretch[learned.slot(each, kind, view).probability >> 4];
            inputs[at][CONTEXTS] = BIAS;
            int64_t both = 0;
            for (int mixer = 0; mixer < 2; ++mixer) {
                const int32_t *set = learned.set(mixer, kind, view);
                int64_t sum = 0;
                for (int each = 0; each < INPUTS; ++each) sum += set[each] * inputs[at][each];
                sum >>= 16;
                votes[mixer][at] = squashed(sum);
                both += sum;
            }
            probabilities[at] = std::clamp(squashed(both >> 1), 64, ONE - 64);
        }
        for (int at = 0; at < count; ++at) bits[at] = interval.code_bit(bits[at], probabilities[at]);
        for (int mixer = 0; mixer < 2; ++mixer)
            for (int at = 0; at < count; ++at) errors[mixer][at] = (int64_t(bits[at]) << 16) - votes[mixer][at];
        for (int at = 0; at < count; ++at) learn(kind, views[rows[at]], bits[at], inputs[at], errors[0][at], errors[1][at]);
        for (int at = 0; at < count; ++at) settle(kind, views[rows[at]]);
    }

    void learn(int kind, const View &view, int bit, const int64_t *inputs, int64_t first, int64_t second) {
        int32_t *one = learned.set(0, kind, view), *other = learned.set(1, kind, view);
        for (int each = 0; each < INPUTS; ++each) {
            one[each] += int32_t((inputs[each] * first * RATE) >> 18);
            other[each] += int32_t((inputs[each] * second * RATE) >> 18);
        }
        for (int each = 0; each < CONTEXTS; ++each) {
            Slot &slot = learned.slot(each, kind, view);
            slot.hits += 1;
            slot.ones += bit;
        }
    }

    void settle(int kind, const View &view) {
        for (int each = 0; each < CONTEXTS; ++each) {
            Slot &slot = learned.slot(each, kind, view);
            if (!slot.hits) continue;
            const int64_t before = 2 * int64_t(slot.seen) + 3;
            const int64_t sum = slot.probability * before + int64_t(slot.ones) * 2 * ONE;
            slot.probability = int32_t(std::clamp<int64_t>(sum / (before + 2 * slot.hits), 16, ONE - 16));
            slot.seen = std::min(slot.seen + slot.hits, LIMIT);
            slot.hits = slot.ones = 0;
        }
    }

    void decide_each(int kind, const std::vector<int> &rows, std::vector<int> &bits, const View *views) {
        if (kind < KINDS) return decide(kind, rows, bits, views);
        for (int &bit : bits) bit = interval.code_bit(bit, ONE / 2);
    }
};

// One layer while its levels are coded, column by column.
struct Layer {
    int16_t *levels;
    int number, rows, inputs, taps, across;
    std::vector<int64_t> row, signed_row, tap, tap_count;
    int64_t channel = 0, channel_count = 0, channel_before = 0;

    Layer(int16_t *levels, int number, const int32_t *shape)
        : levels(levels), number(number), rows(shape[0]), inputs(shape[1]), taps(shape[2]), across(shape[3]),
          row(rows), signed_row(rows), tap(taps), tap_count(taps) {}

    int level(int r, int input, int k) const {
        return input < 0 || k < 0 ? 0 : levels[(int64_t(r) * inputs + input) * taps + k];
    }
    int size(int r, int input, int k) const { return std::abs(level(r, input, k)); }
    int sign(int r, int input, int k) const {
        const int found = level(r, input, k);
        return found > 0 ? 2 : found < 0;
    }

    void look(const Tables &tables, int input, int k, int r, View &sizes, View &signs) const {
        const int64_t done = int64_t(input) * taps + k;
        const int one = size(r, input, k - 1), above = size(r, input, k - across), two = size(r, input, k - 2);
        const int before = size(r, input - 1, k);
        const int after = k + 1 < taps ? size(r, input - 1, k + 1) : 0;
        const int64_t around = 2 * one + 2 * above + two + 2 * before + size(r, input - 2, k) + after
            + size(r, input - 1, k - 1);
        const int64_t of_channel = channel_count ? channel * 32 / channel_count
                                                 : channel_before * 32 / (int64_t(rows) * taps);
        const int row_bin = tables.bin(row[r] * 32 / (done + 2), 15), channel_bin = tables.bin(of_channel, 15);
        const int tap_bin = tables.bin(tap_count[k] ? tap[k] * 32 / tap_count[k] : 0, 15);
        const int around_bin = tables.bin(4 * around, 15);
        const int all_bin = tables.bin(16 * around / 10 + row[r] * 16 / (done + 1)
                                           + (channel_count ? channel * 16 / channel_count : 0), 31);
        const int place = std::min(k, WIDEST_TAP);
        sizes.slots[0] = place * 16 + channel_bin;
        sizes.slots[1] = (number % LAYERS) * 32 + all_bin;
        sizes.slots[2] = tap_bin * 16 + row_bin;
        sizes.slots[3] = around_bin * 16 + channel_bin;
        sizes.slots[4] = (std::min(one, 2) * 27 + std::min(above, 2) * 9 + std::min(two, 2) * 3 + std::min(before, 2)) * 8
            + row_bin / 2;
        sizes.sets[0] = std::min(all_bin, SETS - 1);
        sizes.sets[1] = row_bin;
        const int left = sign(r, input, k - 1), up = sign(r, input, k - across), beside = left * 3 + up;
        const int last = sign(r, input - 1, k);
        signs.slots[0] = tables.bin(std::llabs(signed_row[r]) * 4, 15) * 2 + (signed_row[r] < 0);
        signs.slots[1] = place * 9 + beside;
        signs.slots[2] = left * 27 + last * 9 + up * 3 + sign(r, input - 1, k - 1);
        signs.slots[3] = (number % LAYERS) * 9 + beside;
        signs.slots[4] = sign(r, input, k - 2) * 9 + up * 3 + sign(r, input - 2, k);
        signs.sets[0] = beside;
        signs.sets[1] = std::min(k, SETS - 1);
    }

    void count(int first, int rows_of_it, int input, int k) {
        for (int r = first; r < first + rows_of_it; ++r) {
            const int found = level(r, input, k), of_it = std::abs(found);
            row[r] += of_it;
            signed_row[r] += found;
            channel += of_it;
            tap[k] += of_it;
        }
        channel_count += rows_of_it;
        tap_count[k] += rows_of_it;
    }
};

int bits_of(int size) {
    int found = 0;
    while (size >> found) ++found;
    return found;
}

// The levels of a block: which are not 0, their signs, how many bits they have, and the bits below the first.
void code_block(Coder &coder, int16_t **levels, int count, const View *sizes, const View *signs) {
    int size[BLOCK], negative[BLOCK], bits[BLOCK];
    for (int r = 0; r < count; ++r) {
        size[r] = std::abs(int(*levels[r]));
        negative[r] = *levels[r] < 0;
        bits[r] = bits_of(size[r]);
    }
    std::vector<int> rows, said;
    const auto ask = [&](int kind, const View *views, auto &&asked, auto &&value, auto &&answer) {
        rows.clear();
        said.clear();
        for (int r = 0; r < count; ++r)
            if (asked(r)) {
                rows.push_back(r);
                said.push_back(value(r));
            }
        coder.decide_each(kind, rows, said, views);
        for (size_t at = 0; at < rows.size(); ++at) answer(rows[at], said[at]);
        return !rows.empty();
    };
    const bool decodes = !coder.interval.target;
    if (decodes) std::fill(bits, bits + count, 0);
    std::vector<int> known(count, 0);  // bits of the magnitude that are said to be there
    ask(0, sizes, [](int) { return true; }, [&](int r) { return bits[r] > 0; }, [&](int r, int bit) { known[r] = bit; });
    ask(1, signs, [&](int r) { return known[r] > 0; }, [&](int r) { return negative[r]; },
        [&](int r, int bit) { negative[r] = bit; });
    for (int more = 1; more < MOST_BITS; ++more)
        if (!ask(1 + more, sizes, [&](int r) { return known[r] == more; }, [&](int r) { return bits[r] > more; },
                 [&](int r, int bit) { known[r] += bit; }))
            break;
    int found[BLOCK];
    for (int r = 0; r < count; ++r) found[r] = known[r] > 0;
    for (int many = 2; many <= MOST_BITS; ++many)
        for (int place = 0; place < many - 1; ++place) {
            const int kind = place < 2 ? 16 + 2 * (many - 2) + place : KINDS;
            ask(kind, sizes, [&](int r) { return known[r] == many; },
                [&](int r) { return size[r] >> (many - 2 - place) & 1; },
                [&](int r, int bit) { found[r] = 2 * found[r] + bit; });
        }
    if (decodes)
        for (int r = 0; r < count; ++r) *levels[r] = int16_t(negative[r] ? -found[r] : found[r]);
}

void code_layer(Coder &coder, Layer &layer) {
    View sizes[BLOCK], signs[BLOCK];
    int16_t *levels[BLOCK];
    for (int input = 0; input < layer.inputs; ++input) {
        for (int k = 0; k < layer.taps; ++k)
            for (int first = 0; first < layer.rows; first += BLOCK) {
                const int count = std::min(BLOCK, layer.rows - first);
                for (int at = 0; at < count; ++at) {
                    layer.look(coder.tables, input, k, first + at, sizes[at], signs[at]);
                    levels[at] = &layer.levels[(int64_t(first + at) * layer.inputs + input) * layer.taps + k];
                }
                code_block(coder, levels, count, sizes, signs);
                layer.count(first, count, input, k);
            }
        layer.channel_before = layer.channel;
        layer.channel = layer.channel_count = 0;
    }
}

void code_all(Coder &coder, int16_t *levels, const int32_t *shapes, int layers) {
    for (int number = 0; number < layers; ++number, shapes += 4) {
        Layer layer(levels, number, shapes);
        code_layer(coder, layer);
        levels += int64_t(shapes[0]) * shapes[1] * shapes[2];
    }
}

}  // namespace

// The bytes that were written, or -1 where `room` is too small for them.
extern "C" int64_t encode_levels(const int16_t *levels, const int32_t *shapes, int layers, const int32_t *stretch,
                                 const int32_t *squash, const uint8_t *bins, uint8_t *target, int64_t room) {
    std::vector<uint8_t> written;
    Coder coder{{stretch, squash, bins}, {}, {}};
    coder.interval.target = &written;
    code_all(coder, const_cast<int16_t *>(levels), shapes, layers);
    coder.interval.finish();
    if (int64_t(written.size()) > room) return -1;
    std::copy(written.begin(), written.end(), target);
    return int64_t(written.size());
}

extern "C" void decode_levels(int16_t *levels, const int32_t *shapes, int layers, const int32_t *stretch,
                              const int32_t *squash, const uint8_t *bins, const uint8_t *source, int64_t length) {
    Coder coder{{stretch, squash, bins}, {}, {}};
    coder.interval.source = source;
    coder.interval.end = source + length;
    coder.interval.start();
    code_all(coder, levels, shapes, layers);
}
