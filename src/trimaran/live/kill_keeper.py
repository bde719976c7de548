"""Keeps the kill file equal to what stands in memory, however long the disk takes or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from trimaran.base.errors import TrimaranError
from trimaran.live.disk_thread import Aside
from trimaran.live.kill_files import KillFiles
from trimaran.live.kill_image import KillImage
from trimaran.venues.wire.tasks import Tasks

RETRY_S: Final = 0.5
NEVER: Final = -1


class KillKeeper:
    """Writes the newest image beside the loop; a failure is told once and tried again until it is none."""

    def __init__(
        self, files: KillFiles, aside: Aside, image: Callable[[], KillImage], tell: Callable[[str], None]
    ) -> None:
        self._files = files
        self._aside = aside
        self._image = image
        self._tell = tell
        self._serial = NEVER  # of what the file says
        self._kept = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def soon(self, tasks: Tasks) -> None:
        """What stands has changed."""
        if self._task is None or self._task.done():
            self._task = tasks.spawn(self._save())

    def again(self, tasks: Tasks) -> None:
        """What the file says may be older than what stands, whatever their numbers are."""
        self._serial = NEVER
        self.soon(tasks)

    def has(self, serial: int) -> bool:
        """Whether the file says what stood at `serial`, or something newer."""
        return self._serial >= serial

    async def kept(self, serial: int, seconds: float) -> bool:
        """Waits until the file has it; False when that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                while not self.has(serial):
                    await self._kept.wait()
        except TimeoutError:
            return False
        return True

    async def write(self, image: KillImage) -> None:
        """Writes an image that does not stand yet. Raises ConfigError or OSError."""
        await self._aside.run(lambda: self._files.save(image))

    def wrote(self, image: KillImage) -> None:
        """The file says this."""
        self._serial = image.serial
        self._kept.set()
        self._kept = asyncio.Event()

    async def _save(self) -> None:
        failed = False
        while self._serial != self._image().serial:
            image = self._image()
            try:
                await self.write(image)
            except (TrimaranError, OSError) as error:
                if not failed:
                    self._tell(f"kill: its file cannot be written, the kill stands in memory: {error}")
                    failed = True
                await asyncio.sleep(RETRY_S)
                continue
            self.wrote(image)
        if failed:
            self._tell("kill: its file is written")
