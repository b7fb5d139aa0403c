"""rosdistro: the index of two ROS distributions and the rules for one dependency, as files of its git tree."""

from __future__ import annotations

INDEX = """%YAML 1.1
---
distributions:
  jazzy:
    distribution: [jazzy/distribution.yaml]
    distribution_status: active
    distribution_type: ros2
    python_version: 3
  noetic:
    distribution: [noetic/distribution.yaml]
    distribution_status: end-of-life
    distribution_type: ros1
    python_version: 3
type: index
version: 4
"""

DISTRIBUTION = """%YAML 1.1
---
release_platforms:
  ubuntu: [{release}]
repositories: {{}}
type: distribution
version: 2
"""

RULE = """mingjing-hello:
  debian: [mingjing-hello]
  ubuntu: [mingjing-hello]
"""


def make(box) -> None:
    files = {
        "index-v4.yaml": INDEX,
        "jazzy/distribution.yaml": DISTRIBUTION.format(release="noble"),
        "noetic/distribution.yaml": DISTRIBUTION.format(release="focal"),
        "rosdep/base.yaml": RULE,
        "rosdep/osx-homebrew.yaml": "cmake:\n  osx:\n    homebrew:\n      packages: [cmake]\n",
        "rosdep/python.yaml": "python3:\n  debian: [python3]\n  ubuntu: [python3]\n",
        "rosdep/ruby.yaml": "ruby:\n  debian: [ruby]\n  ubuntu: [ruby]\n",
    }
    for name, text in files.items():
        path = box.root / "gitrepos/rosdistro" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
