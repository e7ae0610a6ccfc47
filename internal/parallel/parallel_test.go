package parallel

import (
	"fmt"
	"sync"
	"testing"
)

// Each task runs once, and no more of them at a time than threads were given.
func TestFor(t *testing.T) {
	for _, test := range []struct{ threads, n, atMost int }{
		{0, 5, 1}, {-1, 5, 1}, {1, 5, 1}, {2, 0, 0}, {3, 100, 3}, {8, 3, 3},
	} {
		t.Run(fmt.Sprintf("%d tasks on %d threads", test.n, test.threads), func(t *testing.T) {
			var lock sync.Mutex
			var running, most int
			times := make([]int, test.n)
			For(test.threads, test.n, func(i int) {
				lock.Lock()
				running++
				most = max(most, running)
				lock.Unlock()
				times[i]++
				lock.Lock()
				running--
				lock.Unlock()
			})
			for i, count := range times {
				if count != 1 {
					t.Errorf("task %d ran %d times", i, count)
				}
			}
			if most > test.atMost {
				t.Errorf("%d tasks ran at a time, at most %d may", most, test.atMost)
			}
		})
	}
}
