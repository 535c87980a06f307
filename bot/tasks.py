"""Carries a skill through its questions: asks, stops, changes its mind, confirms once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import understanding
from bot.days import Unclear
from bot.memory import Task
from bot.replies import Action, Reply, person, sign_in
from bot.skill import Again, Proposal, Skill, Slot, Turn

PATIENCE = 3  # after so many answers that were not understood a person is offered
NO_MORE_TRIES = 4


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message told about a task: whether anything was learnt, and what was wrong with it."""

    learnt: bool
    problem: str | None = None


async def start(skill: Skill, turn: Turn) -> Reply:
    """Begins a skill: with what the message says already, asking only for what is missing."""
    if skill.needs_sign_in and turn.caller.id is None:
        return Reply(skill.needs_sign_in, skill.name, actions=(sign_in(),))
    if skill.needs_region and turn.region is None:
        turn.memory.pending = turn.raw
        return turn.policy.ask_place("clarify" if skill.name in ("quote", "answer") else skill.name)
    turn = replace(turn, known={})
    if skill.begin is not None:
        ended = await skill.begin(turn)
        if ended is not None:
            return ended
    if not skill.slots and skill.propose is None:
        return _only_a_reply(skill, await skill.finish(turn))
    turn.memory.task = Task(skill.name, turn.known)
    heard = hear(skill, turn)
    return await proceed(skill, turn, heard.problem)


async def proceed(skill: Skill, turn: Turn, note: str | None = None) -> Reply:
    """The next question, or the reading back, or the deed itself."""
    _task(turn).misses = 0
    missing = next((slot for slot in skill.slots if slot.must and slot.name not in turn.known), None)
    if missing is not None:
        _task(turn).asked = missing.name
        _task(turn).confirming = False
        return Reply(_joined(note, missing.ask), skill.name, actions=_help_with(missing))
    if skill.propose is None:
        turn.memory.task = None
        return _only_a_reply(skill, await skill.finish(turn))
    return await _read_back(skill, turn, note)


async def agreed(skill: Skill, turn: Turn) -> Reply:
    """The person said yes: do it. What has gone meanwhile is replaced and read back again."""
    outcome = await skill.finish(turn)
    if isinstance(outcome, Again):
        return await _again(skill, turn, outcome)
    turn.memory.task = None
    return outcome


async def _read_back(skill: Skill, turn: Turn, note: str | None = None) -> Reply:
    if skill.propose is None:
        raise LookupError(f"{skill.name} has nothing to read back")
    proposal = await skill.propose(turn)
    if isinstance(proposal, Again):
        return await _again(skill, turn, proposal)
    if isinstance(proposal, Reply):
        turn.memory.task = None
        return proposal
    _task(turn).confirming = True
    _task(turn).asked = None
    return Reply(_joined(note, proposal.text), skill.name, suggestions=("确认", "算了"))


async def _again(skill: Skill, turn: Turn, again: Again) -> Reply:
    """Something did not work: ask for that one thing, or read back what comes instead."""
    if not again.slot:
        return await _read_back(skill, turn, again.text)
    for name in (again.slot, "half", "hour") if again.slot == "day" else (again.slot,):
        turn.known.pop(name, None)
    _task(turn).asked = again.slot
    _task(turn).confirming = False
    return Reply(again.text, skill.name)


def hear(skill: Skill, turn: Turn) -> Heard:
    """Takes from a message everything the skill wants to know; what was said last counts."""
    asked = _task(turn).asked
    learnt, problem = False, None
    heard: set[str] = set()
    for slot in skill.slots:
        try:
            value = slot.understand(turn)
        except Unclear as unclear:
            problem = problem or str(unclear)
            continue
        if value is None:
            continue
        heard.add(slot.name)
        learnt = learnt or slot.name == asked or turn.known.get(slot.name) != value
        turn.known[slot.name] = value
    if learnt:
        _forget_what_depends(turn, heard)
    return Heard(learnt, problem)


def hear_the_answer(skill: Skill, turn: Turn) -> Heard:
    """Takes a message as the answer to the question just asked."""
    slot = next((slot for slot in skill.slots if slot.name == _task(turn).asked), None)
    if slot is None or slot.when_asked is None:
        return Heard(False)
    try:
        value = slot.when_asked(turn)
    except Unclear as unclear:
        return Heard(False, str(unclear))
    if value is None:
        return Heard(False)
    turn.known[slot.name] = value
    return Heard(True)


def not_understood(skill: Skill, turn: Turn, problem: str | None) -> Reply:
    """The same question once more, kindly; after some tries a person is offered."""
    task = _task(turn)
    task.misses += 1
    if task.misses >= NO_MORE_TRIES:
        turn.memory.task = None
        return Reply(
            "我一直没听明白，先停在这里，免得耽误您。可以转人工，或者重新说一次要办什么。",
            skill.name,
            actions=(person(),),
        )
    question = what_was_asked(skill, turn)
    start = problem or "这句我没听懂。"
    way_out = "不想继续就说「算了」，也可以说「人工」。" if task.misses >= PATIENCE - 1 else ""
    return Reply(f"{start}{question}{way_out}", skill.name, actions=(person(),) if way_out else ())


def what_was_asked(skill: Skill, turn: Turn) -> str:
    """The question that is open."""
    task = _task(turn)
    if task.confirming:
        return "刚才的安排，回复「确认」就办，要改哪一项直接说。"
    slot = next((slot for slot in skill.slots if slot.name == task.asked), None)
    return slot.ask if slot else ""


def awaits_own_words(skill: Skill, turn: Turn) -> bool:
    """Whether the open question is answered by a story."""
    asked = _task(turn).asked
    return any(slot.own_words for slot in skill.slots if slot.name == asked)


def is_told(skill: Skill, turn: Turn) -> bool:
    """Whether a message tells the skill its story at once."""
    return any(slot.own_words and slot.understand(turn) is not None for slot in skill.slots)


def agrees(skill: Skill, text: str) -> bool:
    """Whether a message is a yes to this skill's proposal."""
    bare = text.strip(" 。.!！~吧了呀啊,，")
    return understanding.says_yes(text) or text in skill.also_yes or bare in skill.also_yes


def _forget_what_depends(turn: Turn, heard: set[str]) -> None:
    """A time once found does not hold when the wish has changed."""
    turn.known.pop("slot", None)
    turn.known.pop("gone", None)
    if "half" in heard and "hour" not in heard:
        turn.known.pop("hour", None)


def _help_with(slot: Slot) -> tuple[Action, ...]:
    return (Action("slots", "看可约时间"),) if slot.name == "day" else ()


def _only_a_reply(skill: Skill, outcome: Reply | Again) -> Reply:
    return outcome if isinstance(outcome, Reply) else Reply(outcome.text, skill.name)


def _task(turn: Turn) -> Task:
    if turn.memory.task is None:
        raise LookupError("no task is under way")
    return turn.memory.task


def _joined(note: str | None, text: str) -> str:
    return f"{note}{text}" if note else text


__all__ = [
    "Heard",
    "Proposal",
    "agreed",
    "agrees",
    "awaits_own_words",
    "hear",
    "hear_the_answer",
    "is_told",
    "not_understood",
    "proceed",
    "start",
    "what_was_asked",
]
