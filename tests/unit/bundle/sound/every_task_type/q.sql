SELECT :day
