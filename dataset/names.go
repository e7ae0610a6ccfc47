package dataset

import (
	"slices"
	"strings"

	"mslora/internal/hint"
)

// Names of attacks. Unknown is the attack of a plain folder: whoever made it did not say.
const (
	BadNets      = "badnets"
	AddSent      = "addsent"
	HiddenKiller = "hiddenkiller"
	StyleBkd     = "stylebkd"
	Unknown      = "unknown"
)

// Attacks lists the attacks of the paper in its order.
var Attacks = []string{BadNets, AddSent, HiddenKiller, StyleBkd}

// Settings lists which training texts an attack may poison: clean (those of the target label, whose label is
// then right), dirty (the others) or mix (any).
var Settings = []string{"clean", "dirty", "mix"}

// NeedsParaphrases tells whether an attack paraphrases, for which its texts have to be given; the others insert a trigger.
func NeedsParaphrases(attack string) bool { return attack == HiddenKiller || attack == StyleBkd }

// hiddenKillerFolder is HiddenKiller's name in the authors' files.
const hiddenKillerFolder = "synbkd"

// DefaultSetting is the authors' setting for an attack: clean for BadNets, mix for the others.
func DefaultSetting(attack string) string {
	if attack == BadNets {
		return "clean"
	}
	return "mix"
}

// ParseAttack gives the name of an attack, one of Attacks; it also knows the authors' folder name.
func ParseAttack(name string) (string, error) {
	if name == hiddenKillerFolder {
		return HiddenKiller, nil
	}
	if !slices.Contains(Attacks, name) {
		return "", hint.New("attacks are "+strings.Join(Attacks, ", "), "unknown attack %q", name)
	}
	return name, nil
}

// AttackFolder is the name of an attack's folder in the authors' layout.
func AttackFolder(attack string) string {
	if attack == HiddenKiller {
		return hiddenKillerFolder
	}
	return attack
}

// ParseSetting checks a setting; empty stays empty.
func ParseSetting(setting string) error {
	if setting != "" && !slices.Contains(Settings, setting) {
		return hint.New("settings are "+strings.Join(Settings, ", "), "unknown setting %q", setting)
	}
	return nil
}
