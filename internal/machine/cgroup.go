package machine

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// limits are those of Linux control groups; 0 is none.
type limits struct {
	cpus   float64 // processors' time
	memory int64   // bytes
}

// hierarchy is one tree of control groups.
type hierarchy struct {
	mount string // where it is mounted, without the leading slash
	group string // this process's group below it, "." is the top
}

// readLimits gives the smallest limits of this process's control groups, version 1 and 2, and of the groups above them.
// root is the file system from its top. What is not there, or not understood, is no limit.
func readLimits(root fs.FS) limits {
	var all limits
	for controller, h := range hierarchies(read(root, "proc/self/mountinfo"), read(root, "proc/self/cgroup")) {
		for group := h.group; ; group = path.Dir(group) {
			folder := path.Join(h.mount, group)
			file := func(name string) string { return read(root, path.Join(folder, name)) }
			switch controller {
			case "": // version 2
				quota, period, _ := strings.Cut(file("cpu.max"), " ")
				all.limitCPUs(quota, period)
				all.limitMemory(file("memory.max"))
			case "cpu":
				all.limitCPUs(file("cpu.cfs_quota_us"), file("cpu.cfs_period_us"))
			case "memory":
				all.limitMemory(file("memory.limit_in_bytes"))
			}
			if group == "." {
				break
			}
		}
	}
	return all
}

// limitCPUs takes microseconds of processor time in each period of so many microseconds: "max" or -1 is no limit.
func (l *limits) limitCPUs(quota, period string) {
	used, err := strconv.ParseFloat(quota, 64)
	of, periodErr := strconv.ParseFloat(period, 64)
	if err == nil && periodErr == nil && used > 0 && of > 0 && (l.cpus == 0 || used/of < l.cpus) {
		l.cpus = used / of
	}
}

// limitMemory takes bytes: "max", or a number larger than any memory, is no limit.
func (l *limits) limitMemory(text string) {
	if bytes, err := strconv.ParseInt(text, 10, 64); err == nil && bytes > 0 && (l.memory == 0 || bytes < l.memory) {
		l.memory = bytes
	}
}

// hierarchies finds the trees that hold limits: of the controllers cpu and memory of version 1, and, under "", of version 2.
// mountinfo and cgroup are the files of /proc/self.
func hierarchies(mountinfo, cgroup string) map[string]hierarchy {
	groups := map[string]string{} // by controller
	for line := range strings.Lines(cgroup) {
		// 4:cpu,cpuacct:/user.slice
		if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 {
			for controller := range strings.SplitSeq(parts[1], ",") {
				groups[controller] = parts[2]
			}
		}
	}
	found := map[string]hierarchy{}
	for line := range strings.Lines(mountinfo) {
		// 30 23 0:26 /docker/1f /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
		fields := strings.Fields(line)
		end := slices.Index(fields, "-")
		if end < 5 || end+3 >= len(fields) {
			continue
		}
		top, mount := fields[3], strings.Trim(fields[4], "/")
		controllers := []string{""}
		switch fields[end+1] {
		case "cgroup2":
		case "cgroup":
			controllers = strings.Split(fields[end+3], ",")
		default:
			continue
		}
		for _, controller := range controllers {
			group, ok := groups[controller]
			if ok && (controller == "" || controller == "cpu" || controller == "memory") && fs.ValidPath(mount) {
				found[controller] = hierarchy{mount, below(top, group)}
			}
		}
	}
	return found
}

// below gives a group's place below the group that is mounted: a container sees its own group as the top.
func below(top, group string) string {
	place, ok := strings.CutPrefix(group, strings.TrimSuffix(top, "/"))
	place = strings.Trim(path.Clean("/"+place), "/")
	if !ok || place == "" {
		return "."
	}
	return place
}

// read gives a small file's text without the space around it, "" if it cannot be read.
func read(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
