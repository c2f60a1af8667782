"""Reads PDFs with PyPDF2, as the replaced system did.

Prints one JSON line for each file: the seconds that it took, the seconds of processor time, the number of pages, the text.
"""

import json
import sys
import time
import warnings

import PyPDF2

warnings.simplefilter("ignore")
for path in sys.argv[1:]:
    begun, used = time.perf_counter(), time.process_time()
    try:
        pages = PyPDF2.PdfReader(path).pages
        text = "\n".join(page.extract_text() for page in pages)
        count = len(pages)
    except Exception as error:
        text, count = "", 0
        print(path, error, file=sys.stderr)
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    print(json.dumps({"seconds": seconds, "processor": processor, "pages": count, "text": text}), flush=True)
