"""The manifest: what the files are, so that they can be proven later.

Nothing in it says who took the export or when: the same cut-off gives the same bytes.
"""

import hashlib
from collections.abc import Iterable

from btb_pro import clock
from btb_pro.exports.dataset import Dataset
from btb_pro.exports.files import WrittenFile
from btb_pro.exports.proof import canonical_manifest
from btb_pro.exports.writing import WriteOptions
from btb_pro.instruments.model import wording_sha256


def manifest_bytes(
    dataset: Dataset, file_format: str, files: Iterable[WrittenFile], options: WriteOptions, app_version: str
) -> bytes:
    """Canonical JSON: sorted keys, two spaces, LF, UTF-8. Rows are counted without the header."""
    mapping = options.names.source
    return canonical_manifest(
        {
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
            "since": None
            if dataset.since is None
            else {"seq": dataset.since.seq, "hash": dataset.since.hash},
            "labels": options.labels,
            "codebook": list(options.codebook),
            "mapping_sha256": None if mapping is None else hashlib.sha256(mapping).hexdigest(),
            "files": {file.name: {"rows": file.rows, "sha256": file.sha256} for file in files},
        }
    )
