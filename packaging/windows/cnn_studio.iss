; Installer for Windows, made by Inno Setup 6 from the folder that build.py writes:
;   iscc /DVersion=0.1.0 packaging\windows\cnn_studio.iss
; NOT RUN YET: written beside the Linux build, to be tried on a Windows machine before anything is published.

#ifndef Version
  #error Say which version: iscc /DVersion=0.1.0 cnn_studio.iss
#endif
#ifndef Folder
  #define Folder "..\..\dist\cnn-studio"
#endif

[Setup]
AppId={{6C1E5C55-6B2C-4C0E-9F0F-6C0B5D9E3A41}
AppName=CNN Studio
AppVersion={#Version}
AppPublisher=CNN Studio
DefaultDirName={autopf}\CNN Studio
DefaultGroupName=CNN Studio
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=cnn-studio-{#Version}-windows-setup
SetupIconFile=..\..\dist\icons\cnn-studio.ico
UninstallDisplayIcon={app}\CNN Studio.exe
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
; no administrator is needed: students install it for themselves
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ChangesAssociations=yes
ChangesEnvironment=yes
Compression=lzma2/normal
SolidCompression=no
; a CUDA build is larger than one file of a setup may be
DiskSpanning=yes
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: associate; Description: "Open *.cnnstudio files with CNN Studio"
Name: path; Description: "Let the command cnn-studio be found in every terminal"

[Files]
Source: "{#Folder}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\CNN Studio"; Filename: "{app}\CNN Studio.exe"
Name: "{autodesktop}\CNN Studio"; Filename: "{app}\CNN Studio.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\.cnnstudio"; ValueType: string; ValueData: "CNNStudio.Project"; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\CNNStudio.Project"; ValueType: string; ValueData: "CNN Studio project"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\CNNStudio.Project\DefaultIcon"; ValueType: string; ValueData: "{app}\CNN Studio.exe,0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\CNNStudio.Project\shell\open\command"; ValueType: string; ValueData: """{app}\CNN Studio.exe"" open ""%1"""; Tasks: associate
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Check: IsNotInPath(ExpandConstant('{app}')); Tasks: path

[Run]
Filename: "{app}\CNN Studio.exe"; Description: "{cm:LaunchProgram,CNN Studio}"; Flags: nowait postinstall skipifsilent

[Code]
function IsNotInPath(Folder: string): Boolean;
var
  Path: string;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    Path := '';
  Result := Pos(';' + Uppercase(Folder) + ';', ';' + Uppercase(Path) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Path, Folder: string;
  Place: Integer;
begin
  if Step <> usPostUninstall then
    exit;
  Folder := ExpandConstant('{app}');
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path) then
    exit;
  Place := Pos(';' + Uppercase(Folder) + ';', ';' + Uppercase(Path) + ';');
  if Place > 0 then
  begin
    { the place counts from a semicolon before the path, which is not in it }
    if Place > 1 then
      Delete(Path, Place - 1, Length(Folder) + 1)
    else
      Delete(Path, 1, Length(Folder) + 1);
    RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Path);
  end;
end;
