package ortrain

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestCheckMemory(t *testing.T) {
	const gib = 1 << 30
	for _, test := range []struct {
		name, method string
		change       func(*Setting)
		memory       int64
		want         string
	}{
		{"fits", "lora+mslr", func(*Setting) {}, gib, "<nil>"},
		{"fits exactly", "lora", func(s *Setting) { s.Modules.Rank = 1 }, 4 * 4 * (2*2*2*36 + 2*37), "<nil>"},
		{"a byte too much", "lora", func(s *Setting) { s.Modules.Rank = 1 }, 4*4*(2*2*2*36+2*37) - 1,
			"lora_rank 1 needs 0.0 GiB for the trained tensors, this machine has 0.0"},
		// 2 layers, A and B of query and value, 36 units: 288 values a rank, of 4 bytes, 5 times.
		{"rank", "lora+mslr", func(s *Setting) { s.Modules.Rank = 100_000_000 }, 24 * gib,
			"lora_rank 100000000 needs 536.4 GiB for the trained tensors, this machine has 24.0"},
		{"rank, memory not known", "lora", func(s *Setting) { s.Modules.Rank = math.MaxInt }, 0,
			"lora_rank 9223372036854775807 needs 39582418599936.0 GiB for the trained tensors, this machine has 131072.0"},
		{"bandwidth", "lora+mslr", func(s *Setting) { s.Modules.Bandwidth = 100_000_000 }, 24 * gib,
			"bandwidth 100000000 with 3 scales needs 402.3 GiB for the trained tensors, this machine has 24.0"},
		{"bandwidth that overflows", "lora+mslr", func(s *Setting) { s.Modules.Bandwidth = math.MaxInt/2 - 1 }, 24 * gib,
			"bandwidth 4611686018427387902 with 3 scales needs "},
		{"bottleneck", "adapter", func(s *Setting) { s.Modules.Bottleneck = 100_000_000 }, 24 * gib, "bottleneck 100000000 needs "},
		{"prefix", "prefix", func(s *Setting) { s.Modules.PrefixLength = 100_000_000 }, 24 * gib, "prefix_length 100000000 needs "},
		{"all weights", "full", func(*Setting) {}, 1 << 16, "this method needs "},
	} {
		t.Run(test.name, func(t *testing.T) {
			model, topologies := tinyModel(t, test.method)
			setting := tinySetting(test.method)
			test.change(&setting)
			if err := CheckMemory(model, topologies.Train.Manifest, setting, test.memory); !strings.HasPrefix(fmt.Sprint(err), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// A trainer that memory cannot hold is refused at once, not when memory is full.
func TestTrainerTooLarge(t *testing.T) {
	model, topologies := tinyModel(t, "lora")
	setting := tinySetting("lora")
	setting.Modules.Rank = 1 << 40
	begin, before := time.Now(), held.Load()
	_, err := NewTrainer(model, topologies, setting, tinyData(), t.TempDir(), testDevice(t, 2))
	if err == nil || !strings.HasPrefix(err.Error(), "lora_rank 1099511627776 needs ") || time.Since(begin) > 10*time.Second || held.Load() != before {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}
