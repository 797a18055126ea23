"""A call to ourselves, with sound measured both ways (docs/adr/0048).

An account of its own may call nothing but two numbers of Asterisk: one sends a tone, the other sends back
what it hears. The controller is not asked, no agent is busy, nothing comes on record.
"""

from __future__ import annotations

import asyncio
import math
import socket
from dataclasses import dataclass
from functools import cache

from acd.core.plan import DOCTOR
from acd.crowd.audio import CLOCK_HZ, PACKET_S, Audio
from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone
from acd.crowd.voice import PACKET_SAMPLES, mu_law
from acd.doctor.finding import Finding, fail, ok, warn
from acd.settings.environment import Environment
from acd.telephony.provision import doctor_password

TONE, ECHO = "tone", "echo"
TONE_HZ, OWN_HZ = 1004.0, 700.0
ANSWER_LIMIT_S, LISTEN_S = 4.0, 1.5
SHARE_HEARD = 0.5
"""Of the energy that must be at the tone's frequency."""
LOST_WARN = 0.03
LEAST_PACKETS = round(LISTEN_S / PACKET_S / 2)
LOUDNESS = 8_000
_SILENT = 100.0


@dataclass(frozen=True, slots=True)
class Heard:
    """`expected`: packets from the first to the last; `share`: how much of the sound is the tone.

    `from_`: where the sound was to go, by the answer.
    """

    packets: int
    expected: int
    level: float
    share: float
    from_: tuple[str, int]


async def trial_call(env: Environment, ami_password: str) -> list[Finding]:
    """One call that listens, one that hears itself."""
    server = ("127.0.0.1" if env.sip_address == "0.0.0.0" else env.sip_address, env.sip_port)  # noqa: S104
    phone = Phone(DOCTOR, doctor_password(ami_password), server=server, host=_own_address(server[0]))
    async with phone:
        found = []
        for number, hz, says in (
            (TONE, TONE_HZ, "Asterisk's tone"),
            (ECHO, OWN_HZ, "our own tone, sent back"),
        ):
            heard = await _call(phone, number, speak=number == ECHO)
            found += judged(heard, hz, says, env)
            if isinstance(heard, Finding):
                break
    return found


def judged(heard: Heard | Finding, hz: float, says: str, env: Environment) -> list[Finding]:
    """What it means."""
    part = f"test call: {says}"
    if isinstance(heard, Finding):
        return [heard]
    lost = max(0.0, 1 - heard.packets / max(heard.expected, LEAST_PACKETS))
    low, high = env.rtp_ports
    told = f"{heard.packets} of {heard.expected} packets, {heard.share:.0%} of the sound at {hz:.0f} Hz"
    firewall = f"open UDP {low}-{high} (ACD_RTP_PORTS) both ways, and see that ACD_SIP_ADDRESS is right"
    if not low <= heard.from_[1] <= high:
        return [
            fail(
                part,
                f"sound at port {heard.from_[1]}, not in {low}-{high}",
                "acd phones provision, restart Asterisk",
            )
        ]
    if not heard.packets:
        return [fail(part, "no sound came", firewall)]
    if heard.level < _SILENT or heard.share < SHARE_HEARD:
        return [
            fail(part, f"it is not what was to be heard: {told}", "look at codecs (core show translation)")
        ]
    if lost > LOST_WARN:
        return [warn(part, told, "the machine or the network loses sound: look at load and at interfaces")]
    return [ok(part, told)]


async def _call(phone: Phone, number: str, *, speak: bool) -> Heard | Finding:
    """What is heard in LISTEN_S of a call, or why there was none."""
    audio, changed = Audio(phone.local[0]), asyncio.Event()
    samples: list[int] = []
    moments: list[float] = []

    def hear(payload: bytes, at: float) -> None:
        moments.append(at)
        samples.extend(map(linear, payload))

    leg = phone.dial(number, lambda _leg: changed.set(), audio=audio)
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            while leg.state not in (LegState.TALKING, LegState.ENDED):
                changed.clear()
                await changed.wait()
        if leg.state is LegState.ENDED:
            return _refused(leg)
        assert audio.far_end is not None
        far_end = audio.far_end
        audio.listen(hear)
        if speak:
            audio.speak(tone(OWN_HZ))
        await asyncio.sleep(LISTEN_S)
        audio.deafen()
    except TimeoutError:
        return fail(
            "test call", "Asterisk does not answer the call", "is it running, and is ACD_SIP_PORT its port?"
        )
    finally:
        leg.hang_up()
    hz = OWN_HZ if speak else TONE_HZ
    expected = round((moments[-1] - moments[0]) / PACKET_S) + 1 if moments else 0
    return Heard(len(moments), expected, level(samples), share(samples, hz), far_end)


def _refused(leg: Leg) -> Finding:
    hint = {401: "acd phones provision, then reload Asterisk: it does not know the account yet"}
    todo = hint.get(leg.status or 0, "acd phones provision, then reload Asterisk; messages.log says more")
    return fail("test call", f"the call was refused: SIP {leg.status}", todo)


def _own_address(server: str) -> str:
    """The address from which the server is reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((server, 9))
        return str(probe.getsockname()[0])


@cache
def tone(hz: float) -> tuple[bytes, ...]:
    """A second of it, in packets."""
    count = CLOCK_HZ
    coded = bytes(mu_law(round(LOUDNESS * math.sin(2 * math.pi * hz * n / CLOCK_HZ))) for n in range(count))
    return tuple(coded[at : at + PACKET_SAMPLES] for at in range(0, count, PACKET_SAMPLES))


def linear(code: int) -> int:
    """The sample of a G.711 µ-law code (ITU-T G.711)."""
    turned = ~code & 0xFF
    size = (((turned & 0x0F) << 3) + 0x84) << (turned >> 4 & 7)
    return 0x84 - size if turned & 0x80 else size - 0x84


def level(samples: list[int]) -> float:
    """Root of the mean square."""
    return math.sqrt(sum(s * s for s in samples) / len(samples)) if samples else 0.0


def share(samples: list[int], hz: float) -> float:
    """How much of the energy is at this frequency (Goertzel), 0 to 1."""
    energy = sum(s * s for s in samples)
    if not energy:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hz / CLOCK_HZ)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = before * before + last * last - turn * before * last
    return min(1.0, 2 * power / (len(samples) * energy))
