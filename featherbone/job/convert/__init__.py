"""``featherbone convert``: weights from elsewhere as a model file of ours."""
