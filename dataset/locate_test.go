package dataset

import (
	"testing"

	"mslora/internal/testset"
)

// What Locate says is what Load reads, in both layouts.
func TestLocate(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		o     LoadOptions
	}{
		{"release", release(), LoadOptions{Attack: BadNets, Target: 1}},
		{"clean", release(), LoadOptions{Attack: BadNets, Target: 1, Ratio: "0"}},
		{"plain", map[string]string{"train.csv": "text,label\ngood,1\nbad,0\n", "dev.tsv": "text\tlabel\ngood\t1\n", "test.csv": "text,label\nbad,0\n"}, LoadOptions{Attack: AddSent, Target: 1}},
	} {
		dir := testset.Write(t, test.files)
		located, err := Locate(dir, test.o)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		d, err := Load(dir, test.o)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if located.Name != d.Name || located.Attack != d.Attack || located.Setting != d.Setting || located.Ratio != d.Ratio {
			t.Errorf("%s: located %+v, loaded %s %s %s %s", test.name, located, d.Name, d.Attack, d.Setting, d.Ratio)
		}
		paths := map[string]bool{}
		for _, file := range located.Files {
			paths[file.Path] = true
		}
		for _, file := range d.Files {
			if !paths[file.Path] {
				t.Errorf("%s: %s was not located", test.name, file.Path)
			}
		}
	}
}
