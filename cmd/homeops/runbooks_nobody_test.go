package main

// Why commands are run by no test and by no scenario.
const (
	noTalosctl = "no talosctl is among what the rack is built from; its machines answer Talos's own client, which scenarios use"
	noFlux     = "the flux of the owner's machine is none of this project's programs"
	noConnect  = "it changes an account at 1Password; the rack's stand-in is Connect, which is made by it"
	noCmctl    = "no cmctl is among what the rack is built from, and the simulated cert-manager renews nothing"
	noShell    = "it runs programs of the owner's machine, none of which is this project's"
	asScenario = "a scenario does the same by a call that has other words, which are pulumi's own"
)

// nobody are the commands that no test and no scenario runs, word for word, and why.
var nobody = map[string]string{
	"talosctl --nodes ADDRESS reset --graceful=false --reboot":                       noTalosctl,
	"talosctl --nodes ADDRESS reset --wipe-mode system-disk --reboot":                noTalosctl,
	"talosctl -n X -e ADDRESS version":                                               noTalosctl,
	"talosctl -n X logs etcd":                                                        noTalosctl,
	"talosctl -n X get addresses":                                                    noTalosctl,
	"talosctl -n ADDRESS get disks -o yaml":                                          noTalosctl,
	"talosctl -n ADDRESS get disks":                                                  noTalosctl,
	"talosctl -n ADDRESS dmesg":                                                      noTalosctl,
	"talosctl -n ADDRESS dmesg --tail":                                               noTalosctl,
	"talosctl -n ADDRESS time":                                                       noTalosctl,
	"talosctl -n ADDRESS usage -d 2 -H /var":                                         noTalosctl,
	"talosctl -n ADDRESS get volumestatus":                                           noTalosctl,
	"talosctl -n ADDRESS service kubelet":                                            noTalosctl,
	"talosctl -n ADDRESS wipe disk sdb --method ZEROES":                              noTalosctl,
	"talosctl --nodes ADDRESS get discoveredvolumes --insecure":                      noTalosctl,
	"talosctl --nodes ADDRESS wipe disk DISK --insecure --method ZEROES":             noTalosctl,
	"talosctl --nodes ADDRESS wipe disk PARTITION --insecure --drop-partition":       noTalosctl,
	"talosctl config new":                                                            noTalosctl,
	"talosctl rotate-ca":                                                             "the page says that it must not be run",
	"talosctl --nodes ADDRESS-OF-A-CONTROL-PLANE upgrade-k8s --to VERSION --dry-run": noTalosctl,
	"talosctl -n CONTROL_PLANE get addresses":                                        noTalosctl,
	"talosctl -n CONTROL_PLANE etcd members":                                         noTalosctl,
	"talosctl -n CONTROL_PLANE etcd status":                                          noTalosctl,
	"talosctl -n MISSING service etcd":                                               noTalosctl,
	"talosctl -n MISSING logs etcd":                                                  noTalosctl,
	"talosctl --talosconfig talosconfig version":                                     noTalosctl,
	"talosctl gen config CLUSTER ENDPOINT --with-secrets secrets.yaml":               noTalosctl,
	"flux suspend":                   noFlux,
	"flux resume kustomization NAME": noFlux,
	"cmctl renew":                    noCmctl,
	"zpool online -e tank DISK":      "the rack's zpool does it in a test of its own; no scenario grows a mirror",
	"op connect token create NEW --server SERVER --vault VAULT":                                             noConnect,
	"op connect token create NEW --server NEW --vault VAULT":                                                noConnect,
	"op connect token delete OLD --server SERVER":                                                           noConnect,
	"op connect server create NEW --vaults VAULT":                                                           noConnect,
	"op connect server delete OLD && rm 1password-credentials.json":                                         noConnect,
	`op read "op://BREAK-GLASS-VAULT/CLUSTER break-glass/break-glass/talosconfig" > talosconfig`:            noConnect,
	`op read "op://BREAK-GLASS-VAULT/CLUSTER break-glass/break-glass/secrets.yaml" > secrets.yaml`:          noConnect,
	"age-keygen >> ~/.config/sops/age/keys.txt":                                                             noShell,
	`git commit -am "chore: another age key" && git push`:                                                   noShell,
	"HOMEOPS_ETCD_SNAPSHOT=$PWD/etcd.db pulumi up --stack STACK":                                            asScenario,
	"pulumi up --stack STACK --refresh":                                                                     asScenario,
	"pulumi config set --stack STACK --secret home-ops:onepasswordToken":                                    asScenario,
	"pulumi config set --stack STACK --secret home-ops:onepasswordCredentials < 1password-credentials.json": asScenario,
	"pulumi config set --stack STACK --secret home-ops:sopsAgeKey < ~/.config/sops/age/keys.txt":            asScenario,
}
