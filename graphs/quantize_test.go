package graphs

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Worked by hand: what is largest in each row over 127 is its scale, and halves go to the even number.
func TestQuantizeRows(t *testing.T) {
	for _, test := range []struct {
		name    string
		data    []float32
		width   int
		largest func([]float32) float32
		whole   []int8
		scales  []float32
	}{
		{"two rows", []float32{127, -32, 0.5, -254, 3, 1}, 3, largestValue, []int8{127, -32, 0, -127, 2, 0}, []float32{1, 2}},
		{"halves", []float32{127, 1.5, 2.5, -1.5, -2.5}, 5, largestValue, []int8{127, 2, 2, -2, -2}, []float32{1}},
		{"pairs", []float32{27, 100, 100, -90, 127, -60, -127, 60, -200, -54, 0, 1}, 4, largestPair, []int8{27, 100, 100, -90, 127, -60, -127, 60, -100, -27, 0, 0}, []float32{1, 1, 2}},
		{"no pairs across", []float32{0, 127, 127, 0, 127}, 5, largestPair, []int8{0, 127, 127, 0, 127}, []float32{1}},
		{"nothing but zeros", []float32{0, 0, 1, -1}, 2, largestValue, []int8{0, 0, 127, -127}, []float32{1, 1.0 / 127}},
		{"smaller than a scale can be", []float32{math.SmallestNonzeroFloat32, 0}, 2, largestPair, []int8{0, 0}, []float32{1}},
		{"the largest numbers", []float32{math.MaxFloat32, -math.MaxFloat32}, 2, largestPair, []int8{127, -127}, []float32{math.MaxFloat32 / 127}},
	} {
		whole, scales, err := quantizeRows(test.data, test.width, test.largest)
		if err != nil || !slices.Equal(whole, test.whole) || !slices.Equal(scales, test.scales) {
			t.Errorf("%s: %v %v (%v), want %v %v", test.name, whole, scales, err, test.whole, test.scales)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, largest := range []func([]float32) float32{largestValue, largestPair} {
			if _, _, err := quantizeRows([]float32{1, float32(v)}, 2, largest); err == nil {
				t.Errorf("%v was quantized", v)
			}
		}
	}
	if _, _, err := quantizeRows([]float32{math.MaxFloat32, math.MaxFloat32}, 2, largestPair); err == nil {
		t.Error("a sum that is no finite number gave a scale")
	}
}

// Two products of uint8 and int8, added, must fit into the 16 bits that AVX2 has for them, however the weights are rounded.
func TestProductsFit(t *testing.T) {
	const width = 64
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		row := make([]float32, width)
		for i := range row {
			row[i] = float32(random.NormFloat64() * random.ExpFloat64())
		}
		whole, _, err := quantizeRows(row, width, largestPair)
		if err != nil {
			t.Fatal(err)
		}
		most := 0
		for i := 0; i < width; i += 2 {
			a, b := int(whole[i]), int(whole[i+1])
			for _, sum := range []int{a, b, a + b} {
				if sum *= math.MaxUint8; sum > math.MaxInt16 || sum < math.MinInt16 {
					t.Fatalf("%d and %d do not fit: %v", a, b, row[i:i+2])
				}
				most = max(most, sum, -sum)
			}
		}
		if most < 126*math.MaxUint8 {
			t.Fatalf("the largest sum is %d: a smaller scale would do", most)
		}
	}
}

// Every product and table of each family is quantized, its whole numbers times their scales are the weights to half a step, and
// everything else is as Embed writes it.
func TestEmbedQuantized(t *testing.T) {
	for _, folder := range tinyFolders {
		t.Run(folder, func(t *testing.T) { testEmbedQuantized(t, folder) })
	}
}

func testEmbedQuantized(t *testing.T, folder string) {
	topology, err := Open(folder, Classification)
	if err != nil {
		t.Fatal(err)
	}
	shape := func(name string) ([]int64, error) {
		weight, _ := topology.Manifest.weight(name)
		return Resolve(weight.stored(), map[string]int64{"C": 3, "V": 9, "P": 7})
	}
	values := func(name string) ([]float32, error) {
		dims, err := shape(name)
		all := make([]float32, product64(dims))
		for i := range all {
			all[i] = float32(math.Sin(float64(len(name) + i*i)))
		}
		return all, err
	}
	var got, float bytes.Buffer
	if err := topology.EmbedQuantized(&got, shape, values); err != nil {
		t.Fatal(err)
	}
	if err := topology.Embed(&float, shape, values); err != nil {
		t.Fatal(err)
	}
	quantized, plain := decodeGraph(t, got.Bytes()), decodeGraph(t, float.Bytes())
	held := map[string]initializer{}
	for _, i := range quantized.initializers {
		held[i.name] = i
	}
	rounded := 0
	for _, want := range plain.initializers {
		if same, ok := held[want.name]; ok {
			if !bytes.Equal(same.raw, want.raw) {
				t.Errorf("%s is another", want.name)
			}
			if len(want.dims) == 2 && !strings.HasPrefix(want.name, "classifier") && !strings.HasPrefix(want.name, "score.2") {
				t.Errorf("%s %v is not quantized", want.name, want.dims)
			}
			continue
		}
		rounded++
		whole, scale := held[want.name+"_quantized"], held[want.name+"_scale"]
		if !slices.Equal(whole.dims, want.dims) || len(whole.raw) != len(want.raw)/4 {
			t.Fatalf("%s has shape %v and %d bytes, want %v", want.name, whole.dims, len(whole.raw), want.dims)
		}
		columns := int(want.dims[1])
		for i, b := range whole.raw {
			place := i % columns
			if len(scale.dims) == 2 {
				place = i / columns
			}
			step := floatAt(scale.raw, place)
			if d := floatAt(want.raw, i) - float32(int8(b))*step; math.Abs(float64(d)) > 0.5001*float64(step) {
				t.Fatalf("%s[%d] is off by %v, a step is %v", want.name, i, d, step)
			}
		}
	}
	if rounded == 0 {
		t.Error("nothing is quantized")
	}
	if bytes.Contains(got.Bytes(), []byte("location")) {
		t.Error("the model asks for another file")
	}
}

func floatAt(data []byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
}

func product64(dims []int64) int64 {
	size := int64(1)
	for _, d := range dims {
		size *= d
	}
	return size
}

func TestEmbedQuantizedErrors(t *testing.T) {
	topology, err := Open(tinyFolders[0], Classification)
	if err != nil {
		t.Fatal(err)
	}
	shape := func(name string) ([]int64, error) {
		weight, _ := topology.Manifest.weight(name)
		return Resolve(weight.stored(), map[string]int64{"C": 3, "V": 9, "P": 7})
	}
	damaged := func(name string) ([]float32, error) {
		dims, err := shape(name)
		all := make([]float32, product64(dims))
		all[0] = float32(math.NaN())
		return all, err
	}
	if err := topology.EmbedQuantized(io.Discard, shape, damaged); err == nil || !strings.Contains(err.Error(), "no finite numbers") || !strings.Contains(err.Error(), "weight ") {
		t.Errorf("%v, want the weight with NaN", err)
	}
	for i := range topology.Manifest.Weights {
		topology.Manifest.Weights[i].Shape = []Dim{{Size: 1}}
	}
	if err := topology.EmbedQuantized(io.Discard, shape, damaged); err == nil || !strings.Contains(err.Error(), ErrNotQuantizable.Error()) {
		t.Errorf("a graph without products: %v", err)
	}
}

// A weight of bge-small in each role.
func BenchmarkQuantize(b *testing.B) {
	const rows, columns = 1536, 384
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]float32, rows*columns)
	for i := range data {
		data[i] = float32(random.NormFloat64())
	}
	for _, test := range []struct {
		name string
		dims []int64
		r    role
	}{{"product", []int64{columns, rows}, product}, {"backward", []int64{rows, columns}, backward}, {"table", []int64{rows, columns}, table}} {
		b.Run(test.name, func(b *testing.B) {
			p := quantizedWeight("weight", test.dims, test.r)
			b.SetBytes(4 * int64(len(data)))
			for b.Loop() {
				if _, err := p.encode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
