package cluster

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func drawn(n, d int, seed uint64) [][]float64 {
	random := rand.New(rand.NewPCG(seed, 0))
	points := make([][]float64, n)
	for i := range points {
		points[i] = make([]float64, d)
		for j := range points[i] {
			points[i][j] = math.Round(4*random.NormFloat64()) / 4 // some are doubles, and distances tie
		}
	}
	return points
}

// The nearest are those of a plain sort, with one thread and with more.
func TestNearest(t *testing.T) {
	points := drawn(90, 2, 1)
	for _, k := range []int{1, 2, 17, 90} {
		got := Nearest(points, k, 3)
		for i, p := range points {
			var want []Neighbour
			for j, q := range points {
				want = append(want, Neighbour{j, math.Sqrt(squaredDistance(p, q))})
			}
			slices.SortFunc(want, func(a, b Neighbour) int {
				return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(b2i(a.Point != i), b2i(b.Point != i)), a.Point-b.Point)
			})
			if !reflect.DeepEqual(got[i], want[:k]) {
				t.Fatalf("the %d nearest of point %d are %v, want %v", k, i, got[i], want[:k])
			}
		}
		if !reflect.DeepEqual(got, Nearest(points, k, 1)) {
			t.Errorf("%d nearest: one thread finds others", k)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A second call gives the same bits, on any number of threads; points that lie on each other do no harm.
func TestSameAgain(t *testing.T) {
	points := drawn(120, 4, 2)
	for i := range 20 {
		points[i] = points[0]
	}
	var pictures [2][][]float64
	for i, threads := range []int{1, 3} {
		var err error
		if pictures[i], err = UMAP(context.Background(), points, UMAPOptions{Neighbours: 10, Seed: 5, Threads: threads}); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(pictures[0], pictures[1]) {
		t.Error("two pictures of the same points differ")
	}
	for _, p := range pictures[0] {
		if math.IsNaN(p[0]) || math.IsNaN(p[1]) {
			t.Fatal("a place is not a number")
		}
	}
	a, err := HDBSCAN(points, 5, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := HDBSCAN(points, 5, 5, 3); !reflect.DeepEqual(a, b) {
		t.Error("two clusterings of the same points differ")
	}
}

func TestTooFew(t *testing.T) {
	points := drawn(9, 2, 3)
	_, umap := UMAP(context.Background(), points, UMAPOptions{Neighbours: 10})
	_, hdbscan := HDBSCAN(points, 9, 5, 1)
	_, components := Components([][]float32{{1, 2, 3}, {4, 5, 6}}, 3)
	_, none := Components(nil, 1)
	for want, err := range map[string]error{
		"9 points have no 10 neighbours each": umap, "9 points have no 9 neighbours each": hdbscan,
		"2 vectors of 3 numbers have no 3 principal components": components, "there are no vectors": none,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestPower(t *testing.T) {
	p := newPower(curveB)
	for _, d := range []float64{1e-300, 1e-12, 0.3, 1, math.Nextafter(2, 1), 2, 3.7, 250, 1e9} {
		if want := math.Pow(d, curveB); math.Abs(p.of(d)/want-1) > 1e-8 {
			t.Errorf("%g: %v, want %v", d, p.of(d), want)
		}
	}
}

// A picture stops when it is told to.
func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	_, err := UMAP(ctx, drawn(50, 3, 4), UMAPOptions{Neighbours: 5, Progress: func(round, of int) {
		if round == 3 {
			stop()
		}
		if round > 3 || of != 500 {
			t.Errorf("round %d of %d", round, of)
		}
	}})
	if err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

// The steps of CUBE for ten thousand texts; tools/bench/cluster.py keeps what they take.
func BenchmarkComponents(b *testing.B) {
	points := make([][]float32, 10_000)
	for i, point := range drawn(len(points), 768, 4) {
		for _, x := range point {
			points[i] = append(points[i], float32(x))
		}
	}
	for b.Loop() {
		if _, err := Components(points, 20); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUMAP(b *testing.B) {
	points := drawn(10_000, 20, 5)
	for b.Loop() {
		if _, err := UMAP(context.Background(), points, UMAPOptions{Neighbours: 100, Threads: 2}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHDBSCAN(b *testing.B) {
	points := drawn(10_000, 2, 6)
	for b.Loop() {
		if _, err := HDBSCAN(points, 100, 5, 2); err != nil {
			b.Fatal(err)
		}
	}
}

func TestValley(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 0))
	normals := func(n int, mean, deviation float64) (numbers []float64) {
		for range n {
			numbers = append(numbers, mean+deviation*random.NormFloat64())
		}
		return numbers
	}
	gamma := func(n int) (numbers []float64) { // the logarithm of a sum of two waiting times: a long lower tail
		for range n {
			numbers = append(numbers, math.Log(random.ExpFloat64()+random.ExpFloat64()))
		}
		return numbers
	}
	none := math.Inf(-1)
	for name, test := range map[string]struct {
		numbers   []float64
		low, high float64 // that the bound lies between
	}{
		"two groups":                         {slices.Concat(normals(140, 0, 0.3), normals(700, 2, 0.4)), 0.4, 1.2},
		"a small group far below":            {slices.Concat(normals(50, -3, 0.5), normals(450, 2, 0.5)), -2, 0.8},
		"poison, sure and unsure":            {slices.Concat(normals(140, -0.5, 0.25), normals(560, 0.9, 0.3), normals(140, 2.2, 0.3)), -0.1, 0.4},
		"sure and unsure":                    {slices.Concat(normals(500, 0.9, 0.3), normals(140, 2, 0.4)), none, none},
		"more unsure than sure":              {slices.Concat(normals(200, 0.9, 0.3), normals(440, 2, 0.4)), none, none},
		"skewed":                             {gamma(640), none, none},
		"doubles at the lower end":           {slices.Concat(slices.Repeat([]float64{-0.9}, 5), normals(135, 0, 0.3), normals(700, 2, 0.4)), 0.4, 1.2},
		"two strays at the lower end":        {append(normals(640, 0, 0.3), -4, -3.9), none, none},
		"one group":                          {normals(500, 2, 1), none, none},
		"one number":                         {slices.Repeat([]float64{3}, 50), none, none},
		"too few numbers":                    {[]float64{1, 2, 9}, none, none},
		"half of them the same, one far off": {append(slices.Repeat([]float64{3}, 50), 1e6), none, none},
	} {
		if got := Valley(test.numbers); !(got >= test.low && got <= test.high) {
			t.Errorf("%s: %v, want %v to %v", name, got, test.low, test.high)
		}
	}
}
