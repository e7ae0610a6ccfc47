package ortrain

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// chunk is how many values one task of an element-wise pass takes: small enough to spread a tensor of any
// size over the cores, large enough that starting a task costs nothing beside it.
const chunk = 1 << 18

// parallel calls task(0) … task(n-1) on all cores and returns when all are done.
func parallel(n int, task func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			task(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				task(i)
			}
		})
	}
	group.Wait()
}
