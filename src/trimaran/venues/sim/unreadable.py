"""What decoding raises when a client has sent something that cannot be read.

Text that is nested too deeply is no mistake of its grammar to the decoder, and still one of the client.
"""

from __future__ import annotations

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
