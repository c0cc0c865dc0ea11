# The functions of the suite udf, as programs/udf.ts has them.


def check_digit(text: str) -> float:
    total, twice = 0, True
    for char in reversed(text):
        if not "0" <= char <= "9":
            continue
        counted = 2 * int(char) if twice else int(char)
        total += counted - 9 if counted > 9 else counted
        twice = not twice
    return float((10 - total % 10) % 10)


def steps(n: int) -> float:
    count = 0
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return float(count)


def instalments(loan: float, rate: float, paid: float) -> float:
    months, rest = 0, loan * 100
    while rest > 0 and months < 600:
        rest += rest * rate / 1200 - paid
        months += 1
    return float(months)
