package machine

import "golang.org/x/sys/unix"

// physicalMemory is the memory of the machine in bytes, 0 if it is not known.
func physicalMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}
