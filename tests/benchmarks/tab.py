"""A browser tab on the Draw page, without a browser: it speaks Streamlit's protocol over a WebSocket.

Stroke's end -> `Tab.draw` -> the canvas's update -> messages of the run -> what the address and the verdict show

It sends what a browser sends (the state of all widgets, the hashes of the messages that it has) and draws nothing.
"""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.benchmarks.canvas_states import StrokeEnd, to_state

PATIENCE = 60.0  # seconds, after which an answer is lost
AGE = 2  # runs after which a browser forgets a message (Streamlit's global.maxCachedMessageAge)
RESTED = json.dumps([{"event": "rested", "value": True}])
MARK = "strokeDashOffset"  # of the canvas's first object: the revision that was laid on it


@dataclass
class Sent:
    """A stroke's end that was sent to the server, and what came back until it was answered."""

    end: StrokeEnd
    at: float
    seconds: float | None = None  # to the answer
    bytes: int = 0
    messages: int = 0


@dataclass
class Tab:
    """One session; `open` it first.

    Attributes
    ----------
    address : of the app, such as http://localhost:8501.
    sent : the strokes' ends in order.
    foreign : where drawings were shown to this session that are not its own.
    verdicts : strokes' ends of which it was shown the details.
    errors : what should not happen, counted.
    """

    address: str
    sent: list[Sent] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    verdicts: int = 0
    _socket: ClientConnection | None = None
    _listener: asyncio.Task[None] | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _page: str = ""
    _query: str = ""
    _fragments: dict[str, str] = field(default_factory=dict)  # of each widget
    _plain: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)  # field and value of other widgets
    _canvas: str = ""
    _clear: str = ""
    _state: str | None = None  # of the canvas, as JSON
    _revision: int = -1
    _rested: str = ""
    _pictures: set[str] = field(default_factory=set)  # that this run has sent
    _known: dict[str, int] = field(default_factory=dict)  # hash of a message -> the run that used it last

    async def open(self) -> float:
        """Open the Draw page; returns the seconds until its canvas was there."""
        begun = time.perf_counter()
        self._socket = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            open_timeout=PATIENCE,
            ping_timeout=None,
            compression=None,
        )
        self._listener = asyncio.create_task(self._listen())
        await self._send("")
        await self._until(lambda: bool(self.runs and self._canvas and self._clear), "no canvas")
        return time.perf_counter() - begun

    async def close(self) -> None:
        """Leave the page."""
        if self._listener is not None:
            self._listener.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def draw(self, end: StrokeEnd) -> Sent:
        """Lift the pen: send what is on the canvas, without waiting for the answer."""
        self._state = to_state(self._revision, end.paths)
        sent = Sent(end, time.perf_counter())
        self.sent.append(sent)
        await self._send(self._canvas)
        return sent

    async def answered(self, sent: Sent) -> bool:
        """Wait for the answer to a stroke's end, or to a later one."""
        return await self._until(lambda: sent.seconds is not None, "no answer")

    async def rest(self) -> None:
        """Have the tabs below the canvas computed, as a drawing that has come to rest does, and wait for them."""
        before = self.verdicts
        await self._send(self._rested, value=("json_trigger_value", RESTED), part="events")
        await self._until(lambda: self.verdicts > before, "no details")

    async def clear(self) -> None:
        """Press Clear, and have the emptied canvas send what is on it, as it does."""
        before = self._revision
        await self._send(self._clear, value=("trigger_value", True))
        await self._until(lambda: self._revision != before, "not cleared")
        self._state = to_state(self._revision, [])
        await self._send(self._canvas)

    async def _until(self, is_done: Any, otherwise: str) -> bool:
        try:
            async with asyncio.timeout(PATIENCE), self._changed:
                await self._changed.wait_for(is_done)
        except TimeoutError:
            self.errors[otherwise] += 1
            return False
        return True

    async def _send(self, widget: str, *, value: tuple[str, Any] | None = None, part: str = "") -> None:
        """Ask for a run of the fragment that a widget is in, or of the page."""
        assert self._socket is not None
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_script_hash = self._query, self._page
        run.fragment_id = self._fragments.get(widget, "")
        run.cached_message_hashes.extend(self._known)
        context = run.context_info
        context.timezone, context.locale, context.url, context.color_scheme = "UTC", "en", self.address, "light"
        for name, (kind, values) in self._plain.items():
            getattr(run.widget_states.widgets.add(id=name), kind).data.extend(values)
        if self._state is not None:
            run.widget_states.widgets.add(id=self._canvas, json_value=self._state)
        if value is not None:
            name = _make_trigger_id(widget, part) if part else widget
            run.widget_states.widgets.add(id=name, **dict([value]))
        await self._socket.send(message.SerializeToString())

    async def _listen(self) -> None:
        assert self._socket is not None
        with suppress(ConnectionClosed):
            async for content in self._socket:
                assert isinstance(content, bytes)
                self._count(len(content))
                await self._take(ForwardMsg.FromString(content))
            return
        self.errors["connection lost"] += 1

    def _count(self, size: int) -> None:
        """Add a message to what the newest stroke costs, until it is answered."""
        if self.sent and self.sent[-1].seconds is None:
            self.sent[-1].bytes += size
            self.sent[-1].messages += 1

    async def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._take_delta(message.delta)
            if message.metadata.cacheable:
                self._known[message.hash] = self.runs
        elif kind == "ref_hash":
            self.errors["unknown message"] += message.ref_hash not in self._known
            self._known[message.ref_hash] = self.runs
        elif kind == "new_session":
            self._page = message.new_session.page_script_hash
            self._pictures.clear()
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.runs += 1
            self._known = {name: used for name, used in self._known.items() if self.runs - used <= AGE}
            self.errors["script error"] += message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR
            self._compare()
        async with self._changed:
            self._changed.notify_all()

    def _take_delta(self, delta: Any) -> None:
        """Note a widget, the canvas or the verdict."""
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.WhichOneof("type") == "new_element" else None
        if kind == "bidi_component":
            self._take_component(element.bidi_component, delta.fragment_id)
        elif kind == "button" and element.button.label == "Clear":
            self._clear = element.button.id
            self._fragments[self._clear] = delta.fragment_id
        elif kind == "slider":
            self._plain[element.slider.id] = "double_array_value", list(element.slider.default)
        elif kind == "button_group":
            group = element.button_group
            self._plain[group.id] = "string_array_value", [group.options[i].content for i in group.default]
        elif kind == "imgs":
            self._pictures.update(one.url for one in element.imgs.imgs)
        elif kind == "exception":
            self.errors[f"exception: {element.exception.message}"] += 1

    def _take_component(self, component: Any, fragment: str) -> None:
        self._fragments[component.id] = fragment
        data = json.loads(component.json) if component.json else {}
        if component.component_name == "digitrec_rested":
            self._rested = component.id
        if "initialDrawing" in data:
            self._canvas = component.id
            self._revision = data["initialDrawing"]["objects"][0][MARK]

    def _compare(self) -> None:
        """After a run: which of the drawings that were sent do the address and the verdict show?"""
        drawing = parse_qs(self._query).get("drawing", [""])[0]
        shown = [self._place(lambda end: end.link == drawing, bool(drawing), "address")]
        if self._pictures:
            shown.append(self._place(lambda end: end.shown in self._pictures, True, "details"))
            self.verdicts += shown[-1] == len(self.sent) - 1 >= 0
        for sent in self.sent[: min(shown) + 1]:
            if sent.seconds is None:
                sent.seconds = time.perf_counter() - sent.at

    def _place(self, shows: Any, is_there: bool, where: str) -> int:
        """The place in `sent` of the drawing that is shown; -1 if there is none, or a foreign one."""
        place = next((i for i in reversed(range(len(self.sent))) if shows(self.sent[i].end)), -1)
        if is_there and place < 0:
            self.foreign.append(where)
        return place
