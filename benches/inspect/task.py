"""The chain of calls of a trial of dreamtrial, played by Inspect AI against the same server.

A sample is a trial: sessions one after the other, each a conversation of its own in which the model asks
once, hands in until the user ends the task, and says a word at the end. Inspect's own `react()` runs the
loop with two tools. Nothing is graded and no memory is carried along, so that Inspect does less than
dreamtrial does. How it is run, and what came of it, is in benches/README.md.
"""

from inspect_ai import Task, task
from inspect_ai.agent import react, run
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.solver import Generate, TaskState, solver
from inspect_ai.tool import Tool, tool


def text_of(characters: int) -> str:
    """So much text, the same every time."""
    line = "The usual clause holds for this matter, unless the file says otherwise. "
    return (line * (characters // len(line) + 1))[:characters]


@tool
def ask_user() -> Tool:
    async def execute(questions: list[str]) -> str:
        """Send the user one message with one or more questions, and wait for the answer.

        Args:
            questions: The questions.
        """
        return "I don't know."

    return execute


@tool
def submit(handed_in: int) -> Tool:
    made = 0

    async def execute(fields: dict[str, str], body: str) -> str:
        """Hand in the deliverable of the present task.

        Args:
            fields: The value of each field, by the field's name.
            body: The text that goes with them.
        """
        nonlocal made
        made += 1
        if made < handed_in:
            return "The user says: " + text_of(120)
        return "The user has ended this task and goes on without you. The session is over."

    return execute


@solver
def trial(sessions: int, handed_in: int, characters: int):
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for _ in range(sessions):
            agent = react(
                prompt=None, tools=[ask_user(), submit(handed_in)], submit=False
            )
            opening = [
                ChatMessageSystem(content="You are a capable assistant."),
                ChatMessageUser(
                    content=text_of(characters) + "\n\nFields to hand in:\n"
                ),
            ]
            await run(agent, opening)
        return state

    return solve


@task
def chain(
    samples: int = 1000, sessions: int = 10, handed_in: int = 3, characters: int = 6000
) -> Task:
    """So many trials of so many sessions; a session takes `handed_in` + 2 calls."""
    return Task(
        dataset=[Sample(id=number, input=f"trial {number}") for number in range(samples)],
        solver=trial(sessions, handed_in, characters),
    )
