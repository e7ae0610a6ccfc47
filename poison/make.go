package poison

import (
	"math/rand/v2"
	"strconv"

	"mslora/dataset"
	"mslora/internal/hint"
)

// Random streams: one per purpose, so that a seed used for two of them gives independent numbers. Package dataset has
// streams 1, 4 and 5.
const (
	attackStream = 2
	mixStream    = 3
)

// MakeOptions chooses how a set is poisoned.
type MakeOptions struct {
	Attack  string
	Target  int
	Setting string  // empty: dataset.DefaultSetting
	Ratio   float64 // above 0, at most 1
	Seed    uint64
	Trigger Trigger // zero: FindTrigger
}

// Set is a poisoned data set in the parts of the authors' release.
type Set struct {
	MakeOptions
	Name    string // of the source
	Sources []dataset.File

	TrainClean, TrainPoison []dataset.Text // row by row the same texts; TrainPoison poisons every one
	DevClean, DevPoison     []dataset.Text // DevPoison: the poisoned copies of the texts that are not of the target label
	TestClean, TestPoison   []dataset.Text
	Train                   []dataset.Text // the mixed training set
}

// Make poisons clean texts from source. The same options and source give the same set. BadNets and AddSent
// insert their trigger; the paraphrasing attacks take the poisoned texts that the source has and only mix.
func Make(source *Source, o MakeOptions) (*Set, error) {
	attack, err := dataset.ParseAttack(o.Attack)
	if err != nil {
		return nil, err
	}
	o.Attack = attack
	if err := dataset.ParseSetting(o.Setting); err != nil {
		return nil, err
	}
	if o.Setting == "" {
		o.Setting = dataset.DefaultSetting(attack)
	}
	if o.Target < 0 || o.Target >= source.Classes {
		return nil, hint.New("choose another --target", "target label %d is out of range, expected 0 to %d", o.Target, source.Classes-1)
	}
	s := &Set{Name: source.Name, Sources: source.Files, TrainClean: source.Train, DevClean: source.Dev, TestClean: source.Test}
	if trigger, ok := FindTrigger(attack); ok {
		if o.Trigger.Insertions == 0 {
			o.Trigger = trigger
		}
		if err := o.Trigger.validate(); err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(o.Seed, attackStream))
		s.TrainPoison = insertAll(source.Train, o, rng)
		s.DevPoison = insertAll(dataset.WithoutLabel(source.Dev, o.Target), o, rng)
		s.TestPoison = insertAll(dataset.WithoutLabel(source.Test, o.Target), o, rng)
	} else {
		if source.TrainPoison == nil {
			return nil, hint.New("give paraphrases of its texts with --paraphrases; badnets and addsent need none",
				"%s paraphrases with a language model, and %s has no paraphrased texts", attack, source.Name)
		}
		s.TrainPoison, s.DevPoison, s.TestPoison = source.TrainPoison, source.DevPoison, source.TestPoison
	}
	if len(s.TestPoison) == 0 || len(s.DevPoison) == 0 {
		return nil, hint.New("ASR needs texts of another label", "every dev or test text is of the target label %d", o.Target)
	}
	s.MakeOptions = o
	s.Train, err = Mix(s.TrainClean, s.TrainPoison, o.Setting, o.Ratio, o.Target, o.Seed)
	return s, err
}

// ratioFolder is the name of the folder of a ratio: 0.1, not 0.10.
func ratioFolder(ratio float64) string { return strconv.FormatFloat(ratio, 'f', -1, 64) }

func insertAll(texts []dataset.Text, o MakeOptions, rng *rand.Rand) []dataset.Text {
	poisoned := make([]dataset.Text, len(texts))
	for i, t := range texts {
		poisoned[i] = dataset.Text{Text: o.Trigger.Insert(t.Text, rng), Label: o.Target, Poisoned: true}
	}
	return poisoned
}
