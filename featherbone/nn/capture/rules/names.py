"""Torch functions without a rule of their own that are known to be free, to move values, or to make them.

By the papers' convention a multiply-add belongs to a product with weights or between activations: element-wise
functions, norms, reductions and interpolation are free. What stands in no list here is reported as not counted.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOVES = _words(
    """
    __get__ _pack_padded_sequence _pad_packed_sequence _reshape_alias _to_copy _unsafe_index _unsafe_view alias_copy
    imag index real as_strided atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to
    channel_shuffle chunk clone column_stack constant_pad_nd contiguous detach diagonal dstack expand expand_as
    expand_copy flip fliplr flipud flatten fold gather getitem hsplit hstack index_select masked_fill meshgrid
    moveaxis movedim narrow narrow_copy pad permute pixel_shuffle pixel_unshuffle repeat repeat_interleave
    reshape reshape_as resolve_conj resolve_neg roll rot90 select slice slice_copy split split_with_sizes
    squeeze stack swapaxes swapdims t take take_along_dim tensor_split tile to transpose tril triu unbind
    unflatten unfold unsafe_chunk unsafe_split unsqueeze view view_as view_as_complex view_as_real vsplit vstack
    """
)

VIEWS = _words(
    """
    chunk diagonal expand flatten getitem movedim narrow permute select slice split split_with_sizes squeeze swapaxes
    swapdims t tensor_split transpose unbind unflatten unsqueeze view view_as
    """
)

FREE = _words(
    """
    abs absolute acos all alpha_dropout amax amin aminmax angle any apply_along_axis arccos arcsin arctan argmax
    argmin argsort asin assign atan atan2 bernoulli bitwise_and bitwise_not bitwise_or bitwise_xor bucketize
    ceil celu clamp clamp_max clamp_min clip complex conj copy copysign cos cosh count_nonzero cumprod cumsum
    div divide dropout dropout1d dropout2d dropout3d elu embedding embedding_bag eq erf erfc erfinv exp exp2
    expm1 fake_quantize fill feature_alpha_dropout feature_dropout floor floor_divide fmod frac ge gelu glu
    greater greater_equal grid_sample group_norm gt gumbel_softmax hardshrink hardsigmoid hardswish hardtanh
    heaviside histc hypot index_add index_copy index_fill index_put instance_norm interpolate isclose isfinite
    isin isinf isnan kthvalue layer_norm ldexp le leaky_relu lerp less less_equal lgamma local_response_norm log
    log10 log1p log2 log_softmax logaddexp logcumsumexp logical_and logical_not logical_or logical_xor logit
    logsigmoid logsumexp lp_pool1d lp_pool2d lt masked_fill masked_scatter max max_pool1d max_pool2d
    max_pool2d_with_indices max_pool3d max_unpool1d max_unpool2d maximum mean median min minimum mish mode msort
    mul multinomial multiply mvlgamma nan_to_num nanmean nansum ne neg negative negative_ norm normalize
    not_equal one_hot polar positive pow prelu prod quantile quantize_per_tensor reciprocal relu relu6 remainder
    renorm rms_norm round rrelu rsqrt scatter scatter_add scatter_reduce searchsorted selu setitem sgn sigmoid
    sign signbit silu sin sinc sinh softmax softmin softplus softshrink softsign sort sqrt square std std_mean
    sub subtract sum tan tanh tanhshrink threshold topk true_divide trunc type_as upsample upsample_bilinear
    upsample_nearest var var_mean where xlogy zero adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
    adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d affine_grid
    batch_norm fractional_max_pool2d log_sigmoid cross linalg_cross vector_norm linalg_vector_norm cosine_similarity
    pairwise_distance unique nonzero nms qnms roi_align roi_pool ps_roi_align ps_roi_pool box_convert zeros_like
    ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty bool float half double
    int long bfloat16 type _prelu_kernel dequantize fake_quantize_per_tensor_affine fake_quantize_per_channel_affine
    fused_moving_avg_obs_fake_quant quantize_per_channel q_scale q_zero_point kron outer ger addcmul addcdiv
    native_layer_norm native_group_norm native_batch_norm native_dropout cudnn_batch_norm _softmax _log_softmax
    _native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_impl_index _weight_norm
    _adaptive_avg_pool2d _adaptive_avg_pool3d _fused_rms_norm
    """
)

MULTIPLY = _words(
    """
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution linear matmul mm bmm mv dot
    vdot addmm addmv baddbmm addbmm inner tensordot einsum bilinear cdist linalg_multi_dot chain_matmul lstm gru
    rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell scaled_dot_product_attention linalg_vecdot
    flex_attention multi_head_attention_forward
    """
)

FACTORIES = _words(
    """
    arange bartlett_window blackman_window empty empty_strided eye from_numpy full hamming_window hann_window
    linspace logspace normal ones rand randint randn randperm scalar_tensor tensor as_tensor tril_indices
    triu_indices zeros cartesian_prod
    """
)
