"""Emacs package archives with one package each; the two of the Emacs project are signed."""

from __future__ import annotations

PACKAGE = """\
;;; mingjing-hello.el --- Says hello  -*- lexical-binding: t; -*-
;; Version: 1.0.0
;;; Code:
(defun mingjing-hello () "Hello from ELPA")
(provide 'mingjing-hello)
;;; mingjing-hello.el ends here
"""
SIGNED = ("gnu", "nongnu")


def make(box) -> None:
    for name in (*SIGNED, "melpa", "stable-melpa"):
        archive = box.root / "elpa" / name
        archive.mkdir(parents=True)
        contents = '(1 (mingjing-hello . [(1 0 0) nil "Says hello" single nil]))\n'
        # Only one archive has the package, so that there is no doubt whence it came.
        files = {"archive-contents": contents if name == "gnu" else "(1)\n"}
        if name == "gnu":
            files["mingjing-hello-1.0.0.el"] = PACKAGE
        for file, text in files.items():
            (archive / file).write_text(text)
            if name in SIGNED:
                box.key.detach(archive / file, archive / f"{file}.sig")
