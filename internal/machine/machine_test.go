package machine

import (
	"runtime"
	"testing"
	"testing/fstest"
)

const (
	unified = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
	split   = "22 1 254:1 / / rw - ext4 /dev/root rw\n" +
		"30 23 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
		"32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)

func TestReadLimits(t *testing.T) {
	const none = "9223372036854771712" // what version 1 says for no limit
	for _, test := range []struct {
		name  string
		files map[string]string
		want  limits
	}{
		{"no control groups", nil, limits{}},
		{"version 2, a container that is its own top", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": unified,
			"sys/fs/cgroup/cpu.max": "150000 100000\n", "sys/fs/cgroup/memory.max": "2147483648\n",
		}, limits{1.5, 2 << 30}},
		{"version 2, no limit", map[string]string{
			"proc/self/cgroup": "0::/user.slice\n", "proc/self/mountinfo": unified,
			"sys/fs/cgroup/user.slice/cpu.max": "max 100000\n", "sys/fs/cgroup/user.slice/memory.max": "max\n",
		}, limits{}},
		{"version 2, a group above has less", map[string]string{
			"proc/self/cgroup": "0::/kubepods/pod1/c1\n", "proc/self/mountinfo": unified,
			"sys/fs/cgroup/kubepods/pod1/c1/cpu.max": "max 100000\n", "sys/fs/cgroup/kubepods/pod1/c1/memory.max": "8589934592\n",
			"sys/fs/cgroup/kubepods/pod1/cpu.max": "400000 100000\n", "sys/fs/cgroup/kubepods/pod1/memory.max": "4294967296\n",
			"sys/fs/cgroup/kubepods/cpu.max": "800000 100000\n", "sys/fs/cgroup/kubepods/memory.max": "max\n",
		}, limits{4, 4 << 30}},
		{"version 1", map[string]string{
			"proc/self/cgroup":    "4:memory:/batch/job7\n3:cpu,cpuacct:/batch\n0::/\n",
			"proc/self/mountinfo": split,
			"sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/memory/batch/job7/memory.limit_in_bytes": none, "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": none,
		}, limits{0.5, 1 << 30}},
		{"version 1 in a container that sees the host's names", map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/1f\n",
			"proc/self/mountinfo":                        "31 23 0:27 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n",
		}, limits{0, 1 << 20}},
		{"a group that is elsewhere", map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": unified, "sys/fs/cgroup/memory.max": "1048576\n",
		}, limits{0, 1 << 20}},
		{"nonsense", map[string]string{
			"proc/self/cgroup": "0::/\nx\n", "proc/self/mountinfo": unified + "- - -\n1 2 3\n",
			"sys/fs/cgroup/cpu.max": "0 0\n", "sys/fs/cgroup/memory.max": "-7\n",
		}, limits{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := readLimits(root); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func FuzzReadLimits(f *testing.F) {
	f.Add(unified, "0::/a/b\n", "max 100000", "max")
	f.Add(split, "4:memory:/\n3:cpu,cpuacct:/../x\n", "-1", "")
	f.Fuzz(func(t *testing.T, mountinfo, cgroup, cpu, memory string) {
		root := fstest.MapFS{}
		for name, text := range map[string]string{
			"proc/self/mountinfo": mountinfo, "proc/self/cgroup": cgroup, "sys/fs/cgroup/cpu.max": cpu, "sys/fs/cgroup/memory.max": memory,
		} {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := readLimits(root); !(got.cpus >= 0) || got.memory < 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestThisMachine(t *testing.T) {
	if n := Threads(); n < 1 || n > runtime.NumCPU() {
		t.Errorf("%d threads on %d processors", n, runtime.NumCPU())
	}
	if bytes := Memory(); bytes < 0 || runtime.GOOS == "linux" && bytes < 1<<20 {
		t.Errorf("%d bytes of memory", bytes)
	}
	t.Logf("%d threads, %.1f GiB", Threads(), float64(Memory())/(1<<30))
}
