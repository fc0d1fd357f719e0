"""A host program in Python: describe the files of a folder. Needs the wheel alone.

python examples/embed.py STUDENT_FOLDER FOLDER
"""

import os
import sys

from nomenclair import Student

student = Student.load(sys.argv[1])
names = sorted(os.listdir(sys.argv[2]))
for name, fr, en in zip(names, student.describe(names, "fr"), student.describe(names, "en"), strict=True):
    print(name, fr, en, sep="\t")
