// Package parallel spreads independent tasks over a bounded number of goroutines.
package parallel

import (
	"sync"
	"sync/atomic"
)

// For calls task(0) … task(n-1) on at most threads goroutines, one at least, and returns when all are done. Which goroutine
// takes which task is left to chance: a task must write nothing that another one reads or writes.
func For(threads, n int, task func(i int)) {
	threads = min(threads, n)
	if threads <= 1 {
		for i := range n {
			task(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range threads {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				task(i)
			}
		})
	}
	group.Wait()
}
