from nomenclair.cli import main

main()
