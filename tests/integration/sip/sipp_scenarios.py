"""SIPp scenarios, written for each use: a steered caller, registrations, answering agents."""

from __future__ import annotations

from dataclasses import dataclass

from tests.integration.sip.sdp import describe_media

REFUSALS = (400, 403, 404, 408, 410, 480, 486, 487, 488, 500, 503, 600, 603)


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Whom a caller dials, who the caller claims to be, and where the caller's audio port is."""

    number: str
    from_number: str
    from_name: str
    media: tuple[str, int]

    def request(self, method: str, cseq: int, transaction: str, peer_tag: str = "", rest: str = "") -> str:
        """A request in SIPp's words. CANCEL and the ACK of a refusal share the INVITE's transaction."""
        name = self.from_name.replace("\\", "\\\\").replace('"', '\\"')
        shown = f'"{name}" ' if name else ""
        return f"""{method} sip:{self.number}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-{transaction}
From: {shown}<sip:{self.from_number}@[local_ip]:[local_port]>;tag=[pid]from[call_number]
To: <sip:{self.number}@[remote_ip]:[remote_port]>{peer_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:{self.from_number}@[local_ip]:[local_port]>
Max-Forwards: 70
{rest or _NO_BODY}"""

    def body(self) -> str:
        """The headers and text of our session description."""
        description = describe_media(*self.media).replace("\r\n", "\n")
        return f"Content-Type: application/sdp\nContent-Length: [len]\n\n{description}"


def caller_scenario(identity: CallerIdentity) -> str:
    """A caller who is steered over SIPp's third-party control connection.

    The scenario reports `Event: …` and waits for commands; what a command says does not matter, each
    goes on to the next step: dial, then cancel (while it rings) or hang up (in the call).

    What the far end has sent already may cross what we send. A 200 after CANCEL may be the INVITE's: the
    call was answered after all, so it gets ACK and BYE (RFC 3261, 9.1 and 15). The answer to the CANCEL
    may come at any time, and requests of the far end after our BYE. SIPp takes one step at a time: what
    comes between two of them, up to a millisecond, is "unexpected" and sorted out at `_unexp.main`. A last
    `recvCmd` that goes nowhere holds the scenario where only optional messages are awaited.
    """
    request = identity.request
    refusals = "".join(
        f'<recv response="{status}" optional="true" next="refused">'
        f'<action><assignstr assign_to="status" value="{status}"/></action></recv>\n'
        for status in REFUSALS
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
{_report("ready")}
<recvCmd/>
{_send(request("INVITE", 1, "invite", rest=identity.body()), repeats=True)}
<label id="progress"/>
<recv response="100" optional="true"/>
<recv response="183" optional="true"/>
<recv response="180" optional="true" next="rang"/>
<recv response="200" optional="true" next="answered">{_MEDIA_ACTION}</recv>
{refusals}<recvCmd next="cancel"><action><assignstr assign_to="cancelled" value="yes"/></action></recvCmd>

{_section("rang")}
{_report("ringing", next_label="progress")}

{_section("answered")}
{_send(request("ACK", 1, "ack", "[peer_tag_param]"))}
{_report("answered", "Media: [$host]:[$port]")}
<label id="talking"/>
<recv request="ACK" optional="true"/>
<recv request="BYE" optional="true" next="far_end_left"/>
<recv request="INVITE" optional="true" next="changed"/>
<recvCmd next="leave"/>

{_section("changed")}
{_send(_response(200, "OK", identity.body()), next_label="talking")}

{_section("far_end_left")}
{_send(_response(200, "OK"))}
{_report("ended", "By: far end", next_label="end")}

{_section("leave")}
{_send(request("BYE", 2, "bye", "[peer_tag_param]"), repeats=True)}
<label id="leaving"/>
<recv request="ACK" optional="true"/>
<recv request="BYE" optional="true" next="both_leave"/>
<recv request="INVITE" optional="true"/>
{_answer("BYE", 200, "left")}
{_answer("BYE", 481, "left")}
<recvCmd next="leaving"/>
{_section("both_leave")}
{_send(_response(200, "OK"), next_label="leaving")}
{_section("left")}
{_report("ended", "By: caller", next_label="end")}

{_section("cancel")}
{_send(request("CANCEL", 1, "invite"), repeats=True)}
<label id="cancelling"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="487" optional="true" next="cancelled"/>
{refusals}{_answer("INVITE", 200, "answered_too_late")}
<recv response="481" optional="true"/>
<recvCmd next="cancelling"/>
{_section("answered_too_late")}
{_send(request("ACK", 1, "ack", "[peer_tag_param]"), next_label="leave")}
{_section("cancelled")}
{_send(request("ACK", 1, "invite", "[peer_tag_param]"), next_label="left")}

{_section("refused")}
{_send(request("ACK", 1, "invite", "[peer_tag_param]"))}
{_report("refused", "Status: [$status]", next_label="end")}

{_section("_unexp.main")}
<recv request="BYE" optional="true" next="far_end_left"/>
<recv request="ACK" optional="true" next="go_on"/>
<recv request="INVITE" optional="true" next="changed_between"/>
<recv response="180" optional="true" next="go_on"/>
<recv response="183" optional="true" next="go_on"/>
{refusals}<recv response="481" optional="true" next="go_on"/>
<recv response="200" next="answered_between" test="answer_to_INVITE">{_MEDIA_ACTION}</recv>
<label id="go_on"/>
<nop><action>
<assign assign_to="back" variable="_unexp.retaddr"/>
<assign assign_to="_unexp.retaddr" value="0"/>
<jump variable="back"/>
</action></nop>
{_section("changed_between")}
{_send(_response(200, "OK", identity.body()), next_label="go_on")}
{_section("answered_between")}
<nop next="answered_too_late" test="cancelled"><action>
<assign assign_to="_unexp.retaddr" value="0"/>
</action></nop>
{_report("ringing", next_label="answered")}
<label id="end"/>
<Reference variables="audio_line,connection_line"/>
</scenario>
"""


_NO_BODY = "Content-Length: 0\n\n"
_MEDIA_ACTION = """<action>
<ereg regexp="INVITE" search_in="hdr" header="CSeq:" assign_to="answer_to_INVITE"/>
<ereg regexp="IN IP4 ([0-9.]+)" search_in="body" assign_to="connection_line,host"/>
<ereg regexp="m=audio ([0-9]+)" search_in="body" assign_to="audio_line,port"/>
</action>"""


def _send(message: str, repeats: bool = False, next_label: str = "") -> str:
    repetition = ' retrans="500"' if repeats else ""
    jump = f' next="{next_label}"' if next_label else ""
    return f"<send{repetition}{jump}><![CDATA[\n{message}\n]]></send>"


def _section(label: str) -> str:
    """A label that is only jumped to. A step that jumps must not stand right before: SIPp comes back from
    `_unexp.main` by going on from the step before, and would take that step's jump."""
    return f'<nop/>\n<label id="{label}"/>'


def _answer(method: str, status: int, next_label: str) -> str:
    """Goes on with this answer to this method; one to another method is taken and changes nothing."""
    variable = f"answer_to_{method}"
    return (
        f'<recv response="{status}" optional="true" next="{next_label}" test="{variable}"><action>'
        f'<ereg regexp="{method}" search_in="hdr" header="CSeq:" assign_to="{variable}"/></action></recv>'
    )


def _report(event: str, detail: str = "", next_label: str = "") -> str:
    jump = f' next="{next_label}"' if next_label else ""
    return f"<sendCmd{jump}><![CDATA[\nCall-ID: [call_id]\nEvent: {event}\n{detail}\n]]></sendCmd>"


def _response(status: int, reason: str, rest: str = "", to_tag: str = "") -> str:
    return f"""SIP/2.0 {status} {reason}
[last_Via:]
[last_From:]
[last_To:]{to_tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
{rest or _NO_BODY}"""


def registering_scenario(expires_s: int) -> str:
    """Registers the users of a file with the fields number and SIPp's [authentication …]."""

    def register(cseq: int, proof: str) -> str:
        return f"""REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[remote_ip]:[remote_port]>;tag=[pid]from[call_number]
To: <sip:[field0]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: {cseq} REGISTER
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: {expires_s}
{proof}{_NO_BODY}"""

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="register">
{_send(register(1, ""), repeats=True)}
<recv response="401" auth="true"/>
{_send(register(2, "[field1]" + chr(10)), repeats=True)}
<recv response="200"/>
</scenario>
"""


def guessing_scenario() -> str:
    """Registers with a guessed password, then dials outside with it: each has to be refused.

    The users are in a file with the fields name and SIPp's [authentication …]. Whatever is no challenge fails
    the call, as SIPp expects nothing else.
    """

    def request(method: str, cseq: int, uri: str, to: str, rest: str = _NO_BODY) -> str:
        return f"""{method} {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-{cseq}
From: <sip:[field0]@[remote_ip]:[remote_port]>;tag=[pid]from[call_number]
To: <{to}>
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
User-Agent: friendly-scanner
{rest}"""

    server, outside = "sip:[remote_ip]:[remote_port]", "sip:+491700000009@[remote_ip]:[remote_port]"
    me, proof = "sip:[field0]@[remote_ip]:[remote_port]", "[field1]\n" + _NO_BODY

    def ack(cseq: int) -> str:
        return request("ACK", cseq, outside, outside).replace(f"To: <{outside}>", "[last_To:]")

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="guess">
{_send(request("REGISTER", 1, server, me), repeats=True)}
<recv response="401" auth="true"/>
{_send(request("REGISTER", 2, server, me, proof), repeats=True)}
<recv response="401"/>
{_send(request("INVITE", 3, outside, outside), repeats=True)}
<recv response="100" optional="true"/>
<recv response="401" auth="true"/>
{_send(ack(3))}
{_send(request("INVITE", 4, outside, outside, proof), repeats=True)}
<recv response="100" optional="true"/>
<recv response="401"/>
{_send(ack(4))}
</scenario>
"""


def refusing_scenario(status: int) -> str:
    """Refuses every call with this status."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="refuse">
<recv request="INVITE"/>
{_send(_response(status, "Refused", to_tag=_OUR_TAG), repeats=True)}
{_until_ack()}
</scenario>
"""


def _until_ack() -> str:
    """Wait for the ACK of our final answer; a CANCEL that has crossed it is answered and changes nothing."""
    return f"""<label id="confirming"/>
<recv request="CANCEL" optional="true" next="cancelled_too_late"/>
<recv request="ACK" next="confirmed"/>
<label id="cancelled_too_late"/>
{_send(_response(200, "OK", to_tag=_OUR_TAG), next_label="confirming")}
<label id="confirmed"/>"""


def answering_scenario(answer_after_s: float, talk_s: float | None, unanswered: float = 0.0) -> str:
    """Rings, answers after a time, echoes the audio, and leaves after a time or at the far end's BYE."""
    description = (
        describe_media("[media_ip]", 0).replace("\r\n", "\n").replace("audio 0", "audio [media_port]")
    )
    body = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{description}"
    # The last request is then the CANCEL, but the INVITE is answered.
    terminated = _response(487, "Request Terminated", to_tag=_OUR_TAG)
    terminated = terminated.replace("[last_CSeq:]", "CSeq: [$invite_number] INVITE")
    ringing_ms = max(1, round(answer_after_s * 1000))
    leaving = "" if talk_s is None else f' timeout="{max(1, round(talk_s * 1000))}" ontimeout="leave"'
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="answer">
<recv request="INVITE"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="called"/>
<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="target"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="invite_number"/>
</action></recv>
{_send(_response(180, "Ringing", to_tag=_OUR_TAG))}
<nop test="caller" chance="{unanswered}" next="patient"/>
<recv request="CANCEL" timeout="{ringing_ms}" ontimeout="answer" next="cancelled"/>
<label id="patient"/>
<recv request="CANCEL"/>
<label id="cancelled"/>
{_send(_response(200, "OK", to_tag=_OUR_TAG))}
{_send(terminated)}
<recv request="ACK" next="end"/>

<label id="answer"/>
{_send(_response(200, "OK", body, _OUR_TAG), repeats=True)}
{_until_ack()}
<recv request="BYE"{leaving}/>
{_send(_response(200, "OK"), next_label="end")}

<label id="leave"/>
{_send(_LEAVING, repeats=True)}
<recv request="BYE" optional="true" next="crossed"/>
<recv response="481" optional="true" next="end"/>
<recv response="200" next="end"/>
<label id="crossed"/>
{_send(_response(200, "OK"))}
<label id="end"/>
</scenario>
"""


_OUR_TAG = ";tag=[pid]to[call_number]"
_LEAVING = f"""BYE [$target] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$called]{_OUR_TAG}
To: [$caller]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
{_NO_BODY}"""
