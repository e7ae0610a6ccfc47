package parquetcheck

import (
	"fmt"
	"runtime/metrics"
	"time"
)

// What a step of reading may take. A step decodes a page of each column at most.
const (
	longestStep = time.Minute
	mostMemory  = 2 << 30 // bytes allocated
	look        = 20 * time.Millisecond
)

// Watch runs a step of reading and gives what it gives. It ends the wait for one that hangs or fills the memory: such a step goes on in
// the background, as Go cannot end it, and the caller must not touch what it uses.
func Watch[T any](step func() (T, error)) (T, error) { return watch(step, longestStep, mostMemory) }

func watch[T any](step func() (T, error), longest time.Duration, memory uint64) (result T, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if fault := recover(); fault != nil { // the library trusts a file's own numbers
				o.err = fmt.Errorf("%v", fault)
			}
			done <- o
		}()
		o.result, o.err = step()
	}()
	started, before := time.Now(), allocated()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case o := <-done:
			return o.result, o.err
		case <-ticker.C:
		}
		switch {
		case time.Since(started) > longest:
			return result, fmt.Errorf("a page is still not read after %v", longest)
		case allocated()-before > memory:
			return result, fmt.Errorf("a page needs more than %d MiB", memory>>20)
		}
	}
}

// allocated is how many bytes the program has allocated so far, freed ones too.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
