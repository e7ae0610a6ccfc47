package operators

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The operations of rows_kernel.h are those of program.go, in the same order.
func TestOperations(t *testing.T) {
	between := func(file, from, to string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, found := strings.Cut(string(text), from)
		inside, _, ended := strings.Cut(rest, to)
		if !found || !ended {
			t.Fatalf("%s has no %q … %q", file, from, to)
		}
		return regexp.MustCompile(`//.*`).ReplaceAllString(inside, "")
	}
	c := regexp.MustCompile(`[A-Z0-9_]+`).FindAllString(between("rows_kernel.h", "enum mslora_operation {", "};"), -1)
	c = c[:len(c)-1] // their number
	var ours []string
	for _, name := range regexp.MustCompile(`(?m)^\t([A-Z]\w+)`).FindAllStringSubmatch(between("program.go", "const (\n\tAddVV", "operations\n"), -1) {
		ours = append(ours, name[1])
	}
	ours = append([]string{"AddVV"}, ours...)
	spell := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	if !slices.EqualFunc(c, ours, func(a, b string) bool { return spell(a) == spell(b) }) || len(ours) != int(operations) {
		t.Errorf("rows_kernel.h has %v, program.go %v", c, ours)
	}
}

// Values that share memory are never alive at once: each is read as it was written last.
func TestEncodeShares(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := Program{Inputs: 2, Like: []int{0}}
		values := []Operand{{Input, 0}, {Input, 1}}
		written := []Operand{}
		for range 30 {
			a, b := values[random.IntN(len(values))], values[random.IntN(len(values))]
			to := p.NewVector()
			p.Do(AddVV, to, a, b)
			if random.IntN(3) == 0 {
				p.Do(MulVV, to, to, a)
			}
			values, written = append(values, to), append(written, to)
		}
		p.Do(AddVV, Operand{Output, 0}, values[len(values)-1], values[len(values)-2])
		places, count := p.share()
		holds := make([]int, count)
		for _, i := range p.Instructions {
			for _, o := range []Operand{i.A, i.B} {
				if o.Kind == Vector && holds[places[o.Index]] != o.Index+1 {
					t.Fatalf("vector %d is read when its memory holds %d", o.Index, holds[places[o.Index]]-1)
				}
			}
			if i.To.Kind == Vector {
				holds[places[i.To.Index]] = i.To.Index + 1
			}
		}
		if count >= len(written) {
			t.Fatalf("%d places for %d vectors", count, len(written))
		}
		if code := p.Encode(); len(code) != 5+4*len(p.Instructions) || !p.Fits() {
			t.Fatalf("%d numbers for %d instructions", len(code), len(p.Instructions))
		}
	}
}

// Scalars that columns have read are not written again, as columns are computed in strips.
func TestFitsStrips(t *testing.T) {
	var p Program
	p.Inputs, p.Like = 1, []int{0}
	x, s, v := Operand{Input, 0}, p.NewScalar(), p.NewVector()
	p.Do(SumV, s, x)
	p.Do(InvertS, s, s)
	p.Do(MulVS, v, x, s)
	if !p.Fits() {
		t.Error("a scalar that is written twice before it is read does not fit")
	}
	p.Do(InvertS, s, s)
	p.Do(MulVS, Operand{Output, 0}, v, s)
	if p.Fits() {
		t.Error("a scalar that is written after it was read fits")
	}
}
