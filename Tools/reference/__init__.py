"""The recipe of CLIP-ReIdent in plain PyTorch, over open_clip: what the Swift side is held to.

SPDX-License-Identifier: MIT
"""
