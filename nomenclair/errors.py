"""The one error type that a person is meant to read."""


class UserError(Exception):
    """Something the user can mend: says what is wrong and where, then what to type next.

    The command line prints it as one line and exits with 2.
    """

    def __init__(self, what: str, cure: str):
        super().__init__(f"{what} {cure}")
        self.what = what
        self.cure = cure


class PartialResult(UserError):
    """The work ended early but what was done is kept: the command line exits with 1."""
