"""ONNX operators without a rule of their own that are known to multiply nothing, by the papers' convention.

As from PyTorch, a multiply-add belongs to a product with weights or between activations: element-wise functions, norms,
reductions, comparisons, sorting, sampling and moving are free. What stands in no list here is reported as not counted.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOVES = _words(
    """
    BitCast Cast CastLike CenterCropPad Col2Im Compress DepthToSpace Expand EyeLike Flatten Gather GatherElements
    GatherND Identity ImageDecoder Pad Range Reshape ReverseSequence Size Slice SpaceToDepth Split Squeeze Tile
    Transpose Trilu Unsqueeze
    """
)
"""They only move, name or make values, so that nothing is lost where nobody reads them."""

FREE = MOVES | _words(
    """
    Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization
    Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Ceil Celu Clip Concat ConstantOfShape
    Cos Cosh CumProd CumSum DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Floor Gelu
    GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow
    HannWindow HardSigmoid HardSwish Hardmax InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less
    LessOrEqual Log LogSoftmax LpNormalization LpPool Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization
    MelWeightMatrix Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not
    OneHot Or PRelu Pow QuantizeLinear RMSNormalization RandomNormal RandomNormalLike RandomUniform RandomUniformLike
    Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare RegexFullMatch Relu Resize RoiAlign RotaryEmbedding Round Scatter ScatterElements ScatterND Selu
    Shape Shrink Sigmoid Sign Sin Sinh Softmax SoftmaxCrossEntropyLoss Softplus Softsign Sqrt StringConcat
    StringNormalizer StringSplit Sub Sum SwiGLU Swish Tan Tanh TensorScatter TfIdfVectorizer ThresholdedRelu TopK Unique
    Upsample Where Xor
    """
)

LEARNING = _words(
    """
    ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
    Normalizer OneHotEncoder Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
    """
)
"""Of ``ai.onnx.ml``: tables, comparisons and scales."""

TRAINING = _words("Adagrad Adam Momentum")
"""Of ``ai.onnx.preview.training``: steps of optimisers, number by number."""

KEEP_WEIGHTS = _words(
    """
    Add Cast CastLike Concat DequantizeLinear Div Exp Flatten Identity Mul Neg Pad Pow QuantizeLinear Reshape Sigmoid
    Slice Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where
    """
)
"""What is done to weights before they are used, and leaves them weights."""
