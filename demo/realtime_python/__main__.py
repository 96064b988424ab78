"""``python -m demo.realtime_python``: serve the bench that DEMO_BENCH names."""

from demo.realtime_python.serve import main

if __name__ == "__main__":
    main()
