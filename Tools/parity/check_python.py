"""Says in a sentence what the Python side lacks; exits with 1 if anything.

SPDX-License-Identifier: MIT
"""

import importlib.util
import sys

NEEDED = ["torch", "open_clip", "timm", "safetensors", "numpy", "cv2"]

missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"{sys.executable} lacks {', '.join(missing)}.")
