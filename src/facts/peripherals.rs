//! Devices of a computer on a desk, which no instance of Amazon EC2 has.
//!
//! Source: Linux kernel documentation, "Linux allocated devices", and the devices of Amazon Linux 2023 on Nitro instances, read in
//! November 2026. What is not listed may be there.

/// What the names below `/dev` begin with: serial adapters, sound, cameras, USB, input, buses of boards, optical drives.
const PERIPHERALS: &[&str] = &[
    "ttyUSB", "ttyACM", "ttyAMA", "serial/", "snd", "video", "media", "bus/usb", "input/", "i2c-", "spidev",
    "gpiochip", "gpiomem", "vchiq", "vcio", "vcsm", "dvb", "sr0", "cdrom", "hidraw", "apex_",
];

/// Whether a path is that of such a device.
pub fn is_peripheral(path: &str) -> bool {
    let name = path.strip_prefix("/dev/").unwrap_or_default();
    PERIPHERALS.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::is_peripheral;

    #[test]
    fn devices_of_a_desk() {
        for (path, is) in [
            ("/dev/ttyUSB0", true),
            ("/dev/snd", true),
            ("/dev/bus/usb/001/002", true),
            ("/dev/video0", true),
            ("/dev/serial/by-id/x", true),
            ("/dev/net/tun", false),
            ("/dev/fuse", false),
            ("/dev/kmsg", false),
            ("/dev/ttyS0", false),
            ("/srv/video0", false),
            ("", false),
        ] {
            assert_eq!(is_peripheral(path), is, "{path}");
        }
    }
}
