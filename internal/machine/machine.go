// Package machine says how much of the machine this process may use: it may have fewer processors and less memory than are
// there, by its affinity, or by the limits of a container or of a batch system.
package machine

import (
	"math"
	"os"
	"runtime"
)

// Threads is the number of CPU threads that can work at a time, 1 at least: the processors of this process's affinity, and no
// more than its control groups give it time for, rounded up.
func Threads() int {
	threads := float64(runtime.NumCPU()) // on Linux those of the affinity when the program started
	if cpus := readLimits(os.DirFS("/")).cpus; cpus > 0 {
		threads = min(threads, math.Ceil(cpus))
	}
	return int(max(1, threads))
}

// Memory is the number of bytes that this process may take: the memory of the machine, and no more than its control groups
// allow. It is 0 if that is not known.
func Memory() int64 {
	memory := physicalMemory()
	if limit := readLimits(os.DirFS("/")).memory; limit > 0 && (memory == 0 || limit < memory) {
		memory = limit
	}
	return memory
}
