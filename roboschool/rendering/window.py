"""A window that shows pictures and reads keys, and a screen that shows steps in real time, here or in a browser."""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from roboschool.errors import InvalidInput
from roboschool.rendering.page_window import PageWindow

if TYPE_CHECKING:
    import tkinter

HINT = "run it under xvfb-run"
REPEAT = 0.03  # a key that goes down again so soon has been held: X11 repeats it by itself [s]
LATE = 0.25  # what is later than this is not caught up with any more [s]
SKIPPED = 3  # steps not shown in a row at most
INK, PAPER, GREY = "#20262c", "#f2f3f1", "#6b737a"


def has_display() -> bool:
    """Return whether a window could be opened here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY"))


def open_root(title: str) -> "tkinter.Tk":
    """Return a new window of Tk, which is a part of Python.

    Raises:
        InvalidInput: there is no display, or this Python came without Tk.
    """
    try:
        import tkinter
    except ImportError:
        raise InvalidInput(f"windows need tkinter: apt install python3-tk; or {HINT}") from None
    if not has_display():
        raise InvalidInput(f"no display: DISPLAY is not set; {HINT}")
    try:
        root = tkinter.Tk(className="Roboschool")
    except tkinter.TclError as error:
        raise InvalidInput(f"no display: {error}; {HINT}") from None
    root.title(title)
    root.configure(background=PAPER)
    return root


class Window:
    """Shows pictures and reads keys; the keys are called "left", "up", "space", "return", "a".

    Args:
        title: of the window.
        width: of the pictures [pixels].
        height: of the pictures [pixels].
        hint: a text below the picture.

    Raises:
        InvalidInput: there is no display, or this Python came without Tk.
    """

    def __init__(self, title: str, width: int, height: int, hint: str = "") -> None:
        self.root = open_root(title)
        import tkinter

        self.closed = False
        self._down: dict[str, float] = {}  # keys, and when they were let go, or infinity
        self._struck: set[str] = set()
        self._photo = tkinter.PhotoImage(master=self.root, width=width, height=height)
        tkinter.Label(self.root, image=self._photo, borderwidth=0).pack()
        if hint:
            line = tkinter.Label(self.root, text=hint, wraplength=width - 16, background=PAPER, foreground=INK, pady=4)
            line.pack(fill="x")
        self.root.resizable(False, False)
        self.root.bind("<KeyPress>", lambda event: self._press(event.keysym.lower()))
        self.root.bind("<KeyRelease>", lambda event: self._release(event.keysym.lower()))
        self.root.bind("<FocusOut>", lambda _: self._down.clear())
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        self.root.update()

    watched = wants_picture = True  # by the person before it

    @property
    def pressed(self) -> frozenset[str]:
        """The keys that are down."""
        now = time.perf_counter()
        return frozenset(key for key, until in self._down.items() if now - until < REPEAT)

    def struck(self) -> set[str]:
        """Return the keys that have gone down since this was asked last."""
        struck, self._struck = self._struck, set()
        return struck

    def show(self, picture: np.ndarray) -> None:
        """Show a picture (height, width, 3); does nothing once the window is closed."""
        if not self.closed:
            height, width = picture.shape[:2]
            self._photo.configure(data=b"P6 %d %d 255\n" % (width, height) + picture.tobytes(), format="PPM")
            self.update()

    def update(self) -> None:
        """Process the window's events."""
        if not self.closed:
            self.root.update()

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        if not self.closed:
            self.closed = True
            self._down.clear()
            self.root.destroy()

    def _press(self, key: str) -> None:
        if key not in self.pressed:
            self._struck.add(key)
        self._down[key] = float("inf")

    def _release(self, key: str) -> None:
        self._down[key] = time.perf_counter()


class Screen:
    """A window that shows a simulation in real time. It opens when there is something to show.

    Without a display, or without Tk, it is a page for a browser, whose address is printed. Steps are left out where
    pictures take too long, and where no browser shows the page. When a person closes the window it stays closed, and
    time is not kept any more.

    Args:
        title: of the window.
        width: of the pictures [pixels].
        height: of the pictures [pixels].
        timestep: between two steps [s].
        hint: a text below the picture.
    """

    def __init__(self, title: str, width: int, height: int, timestep: float, hint: str = "") -> None:
        self.title, self.width, self.height, self.timestep, self.hint = title, width, height, timestep, hint
        self.window: Window | PageWindow | None = None
        self._due = 0.0  # when the next step is to be seen
        self._skips = 0  # how many steps the last picture took longer than one
        self._skipped = 0

    @property
    def closed(self) -> bool:
        """Whether a user has closed it."""
        return self.window is not None and self.window.closed

    def show(self, paint: Callable[[], np.ndarray]) -> None:
        """Show a step if there is time for its picture, and wait until the next is due."""
        if self.window is None:
            self.window = _open(self.title, self.width, self.height, self.hint)
            self._due = time.perf_counter()
        if self.window.closed:
            return
        now = time.perf_counter()
        self._due = max(self._due, now - LATE)
        if self.window.wants_picture and (now <= self._due or self._skipped >= self._skips):
            self.window.show(paint())
            self._skips = min(SKIPPED, int((time.perf_counter() - now) / self.timestep))
            self._skipped = 0
        else:
            self._skipped += 1
        self._due += self.timestep
        time.sleep(max(0.0, self._due - time.perf_counter()))

    @property
    def watched(self) -> bool:
        """Whether somebody sees it."""
        return self.window is not None and self.window.watched

    def struck(self) -> set[str]:
        """Return the keys that have gone down since this was asked last."""
        return self.window.struck() if self.window else set()

    def close(self) -> None:
        """Close the window; the next picture opens a new one."""
        if self.window is not None:
            self.window.close()
            self.window = None


def _open(title: str, width: int, height: int, hint: str) -> Window | PageWindow:
    try:
        return Window(title, width, height, hint)
    except InvalidInput:
        return PageWindow(title, width, height, hint)
