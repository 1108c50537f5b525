from harbour_etl.cleaning import clean as clean


def load() -> None:
    print("loaded")
