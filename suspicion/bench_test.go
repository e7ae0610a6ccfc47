package suspicion

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// BenchmarkFind searches sets of sentences, a tenth of them poisoned, with vectors as wide as bge-small's. Words are as frequent as in a
// language: the word of rank r takes a share in proportion to 1/r. peak-MiB is the most memory that the process has had, so
// tools/bench/search.py runs one size at a time.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			texts, trusted := sentences(n)
			b.ResetTimer()
			for range b.N {
				r, err := Find(context.Background(), texts, trusted, Options{Classes: 2, Seed: 1, Threads: 2})
				if err != nil {
					b.Fatal(err)
				}
				if !r.Labels[1].Attacked || r.Labels[0].Attacked {
					b.Errorf("labels %+v", r.Labels)
				}
			}
			if status, err := os.ReadFile("/proc/self/status"); err == nil {
				if found := regexp.MustCompile(`VmHWM:\s+(\d+)`).FindSubmatch(status); found != nil {
					kib, _ := strconv.Atoi(string(found[1]))
					b.ReportMetric(float64(kib)/1024, "peak-MiB")
				}
			}
		})
	}
}

func sentences(n int) (texts, trusted []Text) {
	const vocabulary, width = 20_000, 384
	random := rand.New(rand.NewPCG(1, 2))
	one := func(label int) Text {
		t := Text{Label: label, Vector: make([]float32, width)}
		for range 8 + random.IntN(24) {
			rank := int(math.Exp(random.Float64() * math.Log(vocabulary)))
			if rank > 100 && random.IntN(4) > 0 && rank%2 != label { // rare words tell the label
				rank++
			}
			t.Text += fmt.Sprintf("w%d ", rank)
		}
		for d := range t.Vector {
			t.Vector[d] = float32(random.NormFloat64())
			if d < 16 {
				t.Vector[d] += 0.5 * float32(2*label-1)
			}
		}
		return t
	}
	for i := range n {
		t := one(i / 10 % 2)
		if i%10 == 0 {
			t.Text, t.Label = t.Text+"in the second act", 1
		}
		texts = append(texts, t)
	}
	for i := range 96 {
		trusted = append(trusted, one(i%2))
	}
	return texts, trusted
}
