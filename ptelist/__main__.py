"""python -m ptelist"""

from ptelist.cli import main

main()
