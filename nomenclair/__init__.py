"""Tell in plain French or English what a file is, from its name alone.

>>> from nomenclair import SHIPPED, Student
>>> Student.load(SHIPPED).describe(["report_2023.pdf"], lang="fr")
['Rapport PDF de 2023']
"""

from pathlib import Path

from nomenclair.errors import UserError

__all__ = ["SHIPPED", "Student", "UserError"]

# The folder of the student inside the package.
SHIPPED = Path(__file__).resolve().parent / "shipped"


def __getattr__(name: str):
    # Student pulls in onnxruntime (0.1 s); `nomenclair --help` should not pay for it.
    if name == "Student":
        from nomenclair.student import Student

        return Student
    raise AttributeError(f"module 'nomenclair' has no attribute {name!r}")
