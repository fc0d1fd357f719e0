"""Tell in plain French or English what a file is, from its name alone.

>>> from nomenclair import Student
>>> Student.load("student").describe(["report_2023.pdf"], lang="fr")
['Rapport PDF de 2023']
"""

from nomenclair.errors import UserError

__all__ = ["Student", "UserError"]


def __getattr__(name: str):
    # Student pulls in onnxruntime (0.1 s); `nomenclair --help` should not pay for it.
    if name == "Student":
        from nomenclair.student import Student

        return Student
    raise AttributeError(f"module 'nomenclair' has no attribute {name!r}")
