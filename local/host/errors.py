"""What the host says before it starts, and never after."""


class Refusal(ValueError):
    """One thing that is wrong with an app, and what to write instead."""


class BadApp(Exception):
    """Everything that is wrong with an app, so that it is mended in one go."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
