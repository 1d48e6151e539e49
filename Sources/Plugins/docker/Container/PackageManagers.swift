/// How each distribution installs packages; the image's own manager is found by looking.
enum PackageManagers {
  /// The exit code of ``script`` when the image has no manager.
  static let noneFound = 97

  /// A script for `sh` whose arguments are the packages.
  ///
  /// The managers keep to root: what they would become to fetch files may not exist in the image.
  static let script = """
    has() { command -v "$1" >/dev/null 2>&1; }
    export DEBIAN_FRONTEND=noninteractive
    if has apt-get; then
      set -- -y -qq -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 --no-install-recommends install "$@"
      apt-get "$@" 2>/dev/null || { apt-get -qq -o APT::Sandbox::User=root update && apt-get "$@"; }
    elif has apk; then apk add --no-progress "$@"
    elif has dnf; then dnf install -y -q "$@"
    elif has microdnf; then microdnf install -y "$@"
    elif has yum; then yum install -y -q "$@"
    elif has zypper; then zypper --non-interactive --quiet install "$@"
    elif has pacman; then pacman -Sy --noconfirm --noprogressbar "$@"
    else exit \(noneFound)
    fi
    """
}
