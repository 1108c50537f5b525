def clean() -> None:
    print("cleaned")
