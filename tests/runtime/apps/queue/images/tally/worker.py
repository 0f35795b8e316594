import os

from resp import Redis

queue = Redis(os.environ["QUEUE_HOST"], int(os.environ["QUEUE_PORT"]))
while True:
    _, word = queue.ask("BRPOP", "words", "0")
    queue.ask("SET", word, str(len(word)))
    print("counted", word)
