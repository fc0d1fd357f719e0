"""A host program in Python: describe the files of a folder. Needs the wheel alone.

python examples/embed.py STUDENT_FOLDER FOLDER
"""

import sys
from pathlib import Path

from nomenclair import Student
from nomenclair.names import readable

student = Student.load(sys.argv[1])
# Names that are not UTF-8 (an old disk's) cannot be printed as they stand.
names = sorted(readable(path.name) for path in Path(sys.argv[2]).iterdir() if path.is_file())
for name, fr, en in zip(names, student.describe(names, "fr"), student.describe(names, "en"), strict=True):
    print(name, fr, en, sep="\t")
