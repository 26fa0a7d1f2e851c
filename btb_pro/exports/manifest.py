"""The manifest: what the files are, so that they can be proven later.

Nothing in it says who took the export or when: the same cut-off gives the same bytes.
"""

import json
from collections.abc import Iterable

from btb_pro import clock
from btb_pro.exports.csv_files import WrittenFile
from btb_pro.exports.dataset import Dataset
from btb_pro.instruments.hashes import wording_sha256

MANIFEST = "manifest.json"


def manifest_bytes(
    dataset: Dataset, file_format: str, files: Iterable[WrittenFile], app_version: str
) -> bytes:
    """Canonical JSON: sorted keys, two spaces, LF, UTF-8. Rows are counted without the header."""
    content = {
        "format": file_format,
        "app_version": app_version,
        "study": {
            "code": dataset.study.code,
            "version": dataset.study.version,
            "sha256": dataset.study.sha256,
        },
        "instruments": {
            instrument.code: {
                "version": instrument.version,
                "wording_sha256": {
                    language: wording_sha256(instrument, language) for language in instrument.languages
                },
            }
            for instrument in dataset.variables.instruments
        },
        "cutoff": {
            "seq": dataset.cutoff.seq,
            "at": clock.utc_text(dataset.cutoff.at),
            "hash": dataset.cutoff.hash,
        },
        "filters": {
            "visits": list(dataset.filters.visits),
            "sites": list(dataset.filters.sites),
            "submitted_only": dataset.filters.submitted_only,
        },
        "files": {file.name: {"rows": file.rows, "sha256": file.sha256} for file in files},
    }
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
