package dataset

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"mslora/internal/hint"
)

// devPoison is the name of the file with poisoned copies of dev texts.
const devPoison = "dev-poison"

// LoadDevPoison reads the poisoned copies of dev texts, from which nothing is trained or chosen: an experimenter watches with them
// how a backdoor is learned. They are in dev-poison.csv of an attack's folder, or in the dev-poison file of a plain folder. labels
// are the names of the classes, nil where files number them. Every text has the target label, and texts whose true label it is
// are left out, as in Dataset.TestPoison. The error wraps fs.ErrNotExist if there is no such file.
func LoadDevPoison(dir string, o LoadOptions, labels []string) ([]Text, error) {
	layout, err := FindLayout(dir, o.Target)
	if err != nil {
		return nil, err
	}
	folder := dir
	if layout == ReleaseLayout {
		attack, err := ParseAttack(o.Attack)
		if err != nil {
			return nil, err
		}
		folder = filepath.Join(dir, strconv.Itoa(o.Target), AttackFolder(attack))
	}
	path, ok := FindFile(folder, devPoison)
	if !ok {
		return nil, hint.New("`mslora poison` makes it; it holds poisoned copies of the dev texts", "%s: %w", filepath.Join(folder, devPoison+".csv"), fs.ErrNotExist)
	}
	split, err := ReadSplit(path, devPoison, AllPoisoned, o.Reading, labels)
	if err != nil {
		return nil, err
	}
	texts := slices.Clone(withoutTarget(split.Texts, o.Target))
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s: no texts", path)
	}
	for i := range texts {
		texts[i].Label = o.Target
	}
	return texts, nil
}
