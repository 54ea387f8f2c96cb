"""Deep Compression as published: weights pruned by size, shared by k-means, and coded by Huffman with the gaps between.

It is here to be measured beside ``featherbone.pack.levelled``; nothing is retrained in between.

Source: S. Han, H. Mao, W. J. Dally, arXiv:1510.00149.
"""
