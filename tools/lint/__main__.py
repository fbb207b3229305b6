"""Check the repository in the current directory: one line a finding, exit code 1 if there is any."""

import sys
from pathlib import Path

from tools.lint.run import check_repository


def main() -> int:
    root = Path.cwd()
    files, findings = check_repository(root)
    for finding in findings:
        print(finding)
    print(f"tools.lint: {len(findings)} findings in {files} files")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
